"""What AWS refuses to delete is refused here, and a stack keeps what its failed deletions need."""

import json
import time

from .conftest import error_of

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {}}
UNKNOWN = {"Type": "AWS::Batch::JobQueue", "Properties": {}}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}


def kept(policy, resource=TOPIC):
    return {**resource, "DeletionPolicy": policy}


def topics(client):
    """ARNs, which end in STACK-LOGICALID-RANDOM."""
    return [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]


def test_a_failed_creation_keeps_what_is_retained_and_deletes_what_is_so_except_on_create(stacks, client):
    resources = {
        "Kept": kept("Retain"),
        "Gone": kept("RetainExceptOnCreate"),
        "Bad": {**UNKNOWN, "DependsOn": ["Kept", "Gone"]},
    }
    assert stacks.create("policies", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert [arn.split("-")[-2] for arn in topics(client) if ":policies-" in arn] == ["Kept"]


def test_a_failed_update_treats_what_it_created_alike(stacks, client):
    stacks.create("updated", {"First": TOPIC})
    resources = {
        "First": TOPIC,
        "Kept": kept("Retain"),
        "Gone": kept("RetainExceptOnCreate"),
        "Bad": {**UNKNOWN, "DependsOn": ["Kept", "Gone"]},
    }
    assert stacks.update("updated", resources)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert sorted(arn.split("-")[-2] for arn in topics(client) if ":updated-" in arn) == ["First", "Kept"]
    assert stacks.delete("updated") == "DELETE_COMPLETE"


def test_both_policies_keep_a_resource_when_the_stack_is_deleted(stacks, client):
    stacks.create("deleted", {"One": kept("Retain"), "Two": kept("RetainExceptOnCreate"), "Three": TOPIC})
    assert stacks.delete("deleted") == "DELETE_COMPLETE"
    assert sorted(arn.split("-")[-2] for arn in topics(client) if ":deleted-" in arn) == ["One", "Two"]


def test_what_a_failed_deletion_needs_stays(stacks, client):
    stacks.create("blocked", {"Bucket": {**BUCKET, "DependsOn": "Needed"}, "Needed": TOPIC, "Other": TOPIC})
    bucket = stacks.physical("blocked", "Bucket")
    client("s3").put_object(Bucket=bucket, Key="key", Body=b"1")
    assert stacks.delete("blocked") == "DELETE_FAILED"
    assert "not empty" in stacks.reasons("blocked", "Bucket")[0]
    assert [arn.split("-")[-2] for arn in topics(client) if ":blocked-" in arn] == ["Needed"]
    client("s3").delete_object(Bucket=bucket, Key="key")
    assert stacks.delete("blocked") == "DELETE_COMPLETE"
    assert not [arn for arn in topics(client) if ":blocked-" in arn]


def test_a_repository_with_an_image_goes_only_with_empty_on_delete(stacks, client):
    def repository(**properties):
        return {"Type": "AWS::ECR::Repository", "Properties": properties}

    def push(name):
        manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})
        client("ecr").put_image(repositoryName=stacks.physical(name, "Images"), imageManifest=manifest, imageTag="1")

    stacks.create("full", {"Images": repository()})
    push("full")
    assert stacks.delete("full") == "DELETE_FAILED"
    assert "RepositoryNotEmptyException" in stacks.reasons("full", "Images")[0]
    stacks.create("emptied", {"Images": repository(EmptyOnDelete=True)})
    push("emptied")
    assert stacks.delete("emptied") == "DELETE_COMPLETE"


def network(client):
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/20")["Subnet"]["SubnetId"]


def group(client, vpc, name):
    return client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]


def test_security_groups_subnets_and_networks_in_use_are_refused(client):
    ec2 = client("ec2")
    vpc, subnet = network(client)
    one, two = group(client, vpc, "one"), group(client, vpc, "two")
    rule = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": two}]}
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[rule])
    assert "has a dependent object" in error_of(lambda: ec2.delete_security_group(GroupId=two))
    ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=[rule])
    interface = ec2.create_network_interface(SubnetId=subnet, Groups=[two])["NetworkInterface"]["NetworkInterfaceId"]
    assert "has a dependent object" in error_of(lambda: ec2.delete_security_group(GroupId=two))
    assert "has dependencies" in error_of(lambda: ec2.delete_subnet(SubnetId=subnet))
    ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_security_group(GroupId=two)
    ec2.delete_subnet(SubnetId=subnet)
    assert "has dependencies" in error_of(lambda: ec2.delete_vpc(VpcId=vpc))
    ec2.delete_security_group(GroupId=one)
    ec2.delete_vpc(VpcId=vpc)


def test_a_domain_leaves_two_groups_that_refer_to_each_other(client):
    sagemaker, ec2 = client("sagemaker"), client("ec2")
    vpc, subnet = network(client)
    domain = domain_in(client, vpc, subnet)
    sagemaker.delete_domain(DomainId=domain)
    groups = {
        item["GroupName"]: item["GroupId"]
        for item in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    }
    names = [f"security-group-for-{way}-nfs-{domain}" for way in ("inbound", "outbound")]
    assert sorted(groups) == ["default", *names]
    for name in names:
        assert "has a dependent object" in error_of(lambda name=name: ec2.delete_security_group(GroupId=groups[name]))


def domain_in(client, vpc, subnet, **settings):
    return client("sagemaker").create_domain(
        DomainName=f"in-{vpc}",
        AuthMode="IAM",
        VpcId=vpc,
        SubnetIds=[subnet],
        DefaultUserSettings={"ExecutionRole": "arn:aws:iam::123456789012:role/studio-execution"},
        **settings,
    )["DomainId"]


def test_apps_spaces_and_profiles_block_each_others_deletion(client):
    sagemaker = client("sagemaker")
    domain = domain_in(client, *network(client), AppNetworkAccessType="VpcOnly")
    profile, space = {"DomainId": domain, "UserProfileName": "ann"}, {"DomainId": domain, "SpaceName": "work"}
    app = {**space, "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_user_profile(**profile)
    sagemaker.create_space(**space, OwnershipSettings={"OwnerUserProfileName": "ann"})
    sagemaker.create_app(**app)
    assert "App(s)" in error_of(lambda: sagemaker.delete_space(**space))
    assert "Space(s)" in error_of(lambda: sagemaker.delete_user_profile(**profile))
    assert "UserProfile(s)" in error_of(lambda: sagemaker.delete_domain(DomainId=domain))
    sagemaker.delete_app(**app)
    assert sagemaker.describe_app(**app)["Status"] == "Deleting"
    assert "App(s)" in error_of(lambda: sagemaker.delete_space(**space))
    until(lambda: sagemaker.describe_app(**app)["Status"] == "Deleted")
    assert [item["Status"] for item in sagemaker.list_apps(DomainIdEquals=domain)["Apps"]] == ["Deleted"]
    sagemaker.delete_space(**space)
    assert "Space(s)" in error_of(lambda: sagemaker.delete_user_profile(**profile))
    until(lambda: not sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"])
    sagemaker.delete_user_profile(**profile)
    sagemaker.delete_domain(DomainId=domain)


def test_an_apps_interface_outlives_it_for_a_while(client):
    sagemaker, ec2 = client("sagemaker"), client("ec2")
    vpc, subnet = network(client)
    domain = domain_in(client, vpc, subnet, AppNetworkAccessType="VpcOnly")
    sagemaker.create_user_profile(DomainId=domain, UserProfileName="bob")
    app = {"DomainId": domain, "UserProfileName": "bob", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)

    def interfaces():
        found = ec2.describe_network_interfaces(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkInterfaces"]
        return [item["Status"] for item in found]

    assert interfaces() == ["in-use"]
    sagemaker.delete_app(**app)
    until(lambda: sagemaker.describe_app(**app)["Status"] == "Deleted")
    assert interfaces() == ["in-use"]
    until(lambda: interfaces() == [])


def until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
