"""The metrics, one module per group, one small class per metric."""
