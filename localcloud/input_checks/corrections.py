"""Where botocore's models and their services differ."""

# (service, shape, kind of constraint) -> why it is not checked here.
EXEMPT = {
    ("s3", "Event", "enum"): "S3 names the event in an InvalidArgument, and so does moto",
}
# (service, operation, member) -> the pattern that its service names in its refusals or its guide, and its model lacks.
ADDED_PATTERNS = {
    ("cloudformation", "CreateStack", "StackName"): "[a-zA-Z][-a-zA-Z0-9]*",
    ("cloudformation", "CreateChangeSet", "StackName"): "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
    ("dynamodb", "CreateTable", "TableName"): "[a-zA-Z0-9_.-]+",
    ("s3", "CreateBucket", "Bucket"): r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
}
