"""Documents for people: what stands in them, in words, and how it is written as HTML, Markdown, CSV and DOCX.

May import: actors.changes, actors.document_sources, actors.facade, actors.queue, actors.standings.
"""
