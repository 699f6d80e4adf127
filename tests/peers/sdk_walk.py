"""Run with the Python of .venv/peers: what anybody does with Microsoft's SDK, for every collection of a job file.

The job is [{"path", "expand", "create", "change", "assign"}]: what to expand, a body to make an object of, the property
to change, the body of an assignment. What came of it goes to standard output as JSON, by path.
"""

import asyncio
import importlib
import inspect
import json
import os
import re
import sys
from datetime import timedelta

import isodate
from azure.identity import ClientSecretCredential
from kiota_abstractions.api_error import APIError
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_serialization_json.json_serialization_writer import JsonSerializationWriter
from msgraph_beta import GraphServiceClient
from msgraph_core.tasks.page_iterator import PageIterator


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def builder_of(client, path):
    found = client
    for part in path.split("/"):
        found = getattr(found, snake(part))
    return found


def item_of(builder, graph_id):
    [name] = [name for name in dir(builder) if re.fullmatch(r"by_\w+_id", name)]
    return getattr(builder, name)(graph_id)


def parsed(body, kind):
    node = JsonParseNodeFactory().get_root_parse_node("application/json", json.dumps(body).encode())
    return with_durations(node.get_object_value(kind))


def with_durations(model):
    # It writes a timedelta as 12:00:00, which Graph refuses (microsoftgraph/msgraph-sdk-python#1262); a text it leaves.
    for name, value in list(vars(model).items()):
        if isinstance(value, timedelta):
            setattr(model, name, isodate.duration_isoformat(value))
    return model


def written(model):
    writer = JsonSerializationWriter()
    with_durations(model).serialize(writer)
    return json.loads(writer.get_serialized_content())


def with_options(builder, sort, **options):
    """A request configuration of the builder's own class of query parameters."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    [kind] = [attribute for name, attribute in vars(type(builder)).items() if name.endswith(f"{sort}QueryParameters")]
    return RequestConfiguration(query_parameters=kind(**options))


async def walk(client, job):
    builder, done = builder_of(client, job["path"]), {}
    done["listed"] = await ids(client, await builder.get())
    done["paged"] = await ids(client, await builder.get(with_options(builder, "Get", top=1)))
    one = await item_of(builder, done["listed"][0]).get()
    done["got"] = one.id
    if job["expand"]:
        item = item_of(builder, one.id)
        expanded = await item.get(with_options(item, "Get", expand=[job["expand"]]))
        done["expanded"] = len(getattr(expanded, snake(job["expand"])))
    made = None
    if job["create"]:
        made = await builder.post(parsed(job["create"], type(one)))
        done["made"] = written(await item_of(builder, made.id).get())
    if job["change"]:
        await change(item_of(builder, (made or one).id), made or one, job["change"], done)
    if made and job["assign"]:
        await assign(item_of(builder, made.id), job["assign"], done)
    if made:
        await remove(item_of(builder, made.id), one_by_one="target" in (job["assign"] or ()))
        done["left"] = await ids(client, await builder.get())
    return done


async def ids(client, answer):
    """From the first page on."""
    seen = []
    await PageIterator(answer, client.request_adapter).iterate(lambda one: seen.append(one.id) or True)
    return sorted(seen)


async def change(item, model, name, done):
    """Only what changes; of a type where the collection holds several."""
    changed = type(model)()
    setattr(changed, snake(name), "by the SDK")
    await item.patch(changed)
    done["changed"] = written(await item.get())[name]


async def assign(item, body, done):
    """By the action; one by one where there is none that takes groups."""
    if "target" in body:
        await item.assignments.post(parsed(body, element_of(item.assignments)))
    elif hasattr(item, "assign"):
        module = importlib.import_module(type(item.assign).__module__.rpartition(".")[0] + ".assign_post_request_body")
        await item.assign.post(parsed(body, module.AssignPostRequestBody))
    else:
        done["assigned"] = "no such action in the SDK"
        return
    done["assigned"] = [assignment.target.group_id for assignment in await assignments_of(item)]


def element_of(builder):
    """The class that a collection's post takes."""
    name = re.search(r"body: (\w+)", inspect.getsource(type(builder).post))[1]
    return getattr(importlib.import_module(f"msgraph_beta.generated.models.{snake(name)}"), name)


async def assignments_of(item):
    try:
        return (await item.get(with_options(item, "Get", expand=["assignments"]))).assignments
    except APIError:
        return (await item.assignments.get()).value


async def remove(item, one_by_one):
    """An ADMX file goes by an action of its own; what takes assignments one by one wants them gone first."""
    for assignment in await assignments_of(item) if one_by_one else ():
        await item_of(item.assignments, assignment.id).delete()
    await (item.remove.post() if hasattr(item, "remove") else item.delete())


async def main(jobs):
    credential = ClientSecretCredential(*(os.environ[name] for name in ("TENANT_NAME", "CLIENT_ID", "CLIENT_SECRET")))
    client = GraphServiceClient(credential, ["https://graph.microsoft.com/.default"])
    done = {}
    for job in jobs:
        try:
            done[job["path"]] = await walk(client, job)
        except APIError as e:
            done[job["path"]] = {"refused": f"{e.response_status_code} {getattr(e.error, 'message', e)}"}
    return done


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    print(json.dumps(asyncio.run(main(jobs))))
