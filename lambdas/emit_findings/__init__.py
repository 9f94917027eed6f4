"""EmitFindings: what the rules found in a training job, as metrics that an alarm can watch."""
