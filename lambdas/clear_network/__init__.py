"""ClearNetwork: a custom resource that removes what SageMaker leaves in a network and in a Studio domain."""
