"""All endpoints, and the records that pass over WebSockets."""

from distill.ui.hub import Event
from distill.ui.messages import LiveBlock, LiveEnd, LiveOrder, LiveStart, NewsHello, NewsOrder
from distill.ui.routes import (
    comparisons,
    corpora,
    document_sounds,
    documents,
    jobs,
    models,
    places,
    presets,
    renders,
    session,
    sounds,
    takes,
)

ENDPOINTS = (
    *session.ENDPOINTS,
    *places.ENDPOINTS,
    *corpora.ENDPOINTS,
    *sounds.ENDPOINTS,
    *models.ENDPOINTS,
    *jobs.ENDPOINTS,
    *takes.ENDPOINTS,
    *renders.ENDPOINTS,
    *documents.ENDPOINTS,
    *document_sounds.ENDPOINTS,
    *presets.ENDPOINTS,
    *comparisons.ENDPOINTS,
)

MESSAGES = (Event, NewsOrder, NewsHello, LiveOrder, LiveStart, LiveBlock, LiveEnd)
