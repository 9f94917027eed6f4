"""Service Quotas: listed, limited in calls and enforced as AWS does. An order sets what the account has."""
