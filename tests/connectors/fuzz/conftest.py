"""The organisation that answers while a payload of Azure DevOps is read."""

from tests.connectors.azure_devops.conftest import connect, organisation, store

__all__ = ["connect", "organisation", "store"]
