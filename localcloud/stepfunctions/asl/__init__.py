"""An interpreter for the Amazon States Language (JSONPath), independent of AWS."""
