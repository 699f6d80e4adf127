"""OData's annotations inside the JSON of a policy."""

from typing import Any

# What holds other values. A union type would be made anew at each look.
HOLDERS = (dict, list)


def strip_annotations(value: Any) -> Any:
    """Return the value without OData's annotations and action links, but with each object's own @odata.type.

    `x@odata.type`, `@odata.context`, `x@odata.navigationLink` and `#microsoft.graph.assign` carry ids and nothing of
    the policy; `definition@odata.bind` is content and stays.
    """
    if isinstance(value, dict):
        # Most keys are plain names: that is seen here, without a call.
        return {
            key: strip_annotations(inner) if isinstance(inner, HOLDERS) else inner
            for key, inner in value.items()
            if ("@" not in key and "#" not in key) or not is_annotation(key)
        }
    if isinstance(value, list):
        return [strip_annotations(inner) for inner in value]
    return value


def is_annotation(key: str) -> bool:
    if ("@" not in key and "#" not in key) or key == "@odata.type" or key.endswith("@odata.bind"):
        return False
    return "@odata." in key or key.startswith("#microsoft.graph.")
