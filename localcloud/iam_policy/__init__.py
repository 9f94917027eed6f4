"""IAM's policy language: which requests a statement covers. Standard library only; the audit, the simulator and
`checks` use it, so there is one reading of it."""
