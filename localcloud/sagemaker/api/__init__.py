"""What all SageMaker operations share: request checks, lists, answers and tags."""
