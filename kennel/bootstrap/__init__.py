"""What CloudFormation's execution role needs, for a `cdk bootstrap` without AdministratorAccess."""
