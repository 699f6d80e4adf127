"""The writers of all formats, by their names."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from graph.leaving.export import LeavingFormat, LeavingSource, Writer
from graph.leaving.graph_json import GraphJsonWriter
from graph.leaving.intunecd import IntuneCdWriter
from graph.leaving.intunemanagement import IntuneManagementWriter
from graph.leaving.terraform import TerraformWriter

TITLES: Mapping[LeavingFormat, str] = MappingProxyType(
    {
        LeavingFormat.INTUNE_MANAGEMENT: "IntuneManagement folders",
        LeavingFormat.INTUNE_CD: "IntuneCD folders",
        LeavingFormat.TERRAFORM: "Terraform import blocks",
        LeavingFormat.GRAPH: "Plain Graph JSON",
    }
)
_WRITERS: Mapping[LeavingFormat, Callable[[LeavingSource], Writer]] = MappingProxyType(
    {
        LeavingFormat.INTUNE_MANAGEMENT: IntuneManagementWriter,
        LeavingFormat.INTUNE_CD: IntuneCdWriter,
        LeavingFormat.TERRAFORM: TerraformWriter,
        LeavingFormat.GRAPH: GraphJsonWriter,
    }
)


def writer(leaving_format: LeavingFormat, source: LeavingSource) -> Writer:
    return _WRITERS[leaving_format](source)
