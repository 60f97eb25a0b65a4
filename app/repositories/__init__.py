"""All SQL; frozen values out."""
