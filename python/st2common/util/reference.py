"""References to resources: `pack.name`."""

__all__ = ["get_ref_from_model", "get_str_resource_ref_from_model"]


def get_str_resource_ref_from_model(model):
    return "%s.%s" % (model.pack, model.name)


def get_ref_from_model(model):
    return {"id": str(getattr(model, "id", "") or ""), "name": model.name}
