"""Checks: suites of expectations, compiled to SQL, audited by Great Expectations."""
