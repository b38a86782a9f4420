"""Tells what a run did: its changes, its failures and alerts, and how everything stands."""
