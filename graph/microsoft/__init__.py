"""Microsoft's own model of Graph beta, as facts: types, enumerations and routes; how to ask it is in model.py.

types.jsonl, enums.jsonl and routes.jsonl are drawn from Microsoft's package `msgraph-beta-sdk` (model.SOURCE), which
Microsoft generates from the metadata of Graph beta; draw.py draws them anew, and `make microsoft-model` calls it. The
facts are Microsoft's: "Copyright (c) Microsoft Corporation. All Rights Reserved. Licensed under the MIT license."
LICENSE holds that licence.
"""
