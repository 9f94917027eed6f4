"""DiagnoseFailure: try again, fall back to another instance type, or fail with reason and remedy."""
