"""SageMaker, replaced where moto only pretends."""
