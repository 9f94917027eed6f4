"""An interpreter for the Amazon States Language (JSONPath), with nothing of AWS in it."""
