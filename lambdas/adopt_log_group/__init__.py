"""AdoptLogGroup: a custom resource for a log group that a service may have created before."""
