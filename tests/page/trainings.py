"""Trainings that take seconds, as the page orders and shows them."""

import json
from typing import Any

from playwright.sync_api import Page, Route, expect

from distill.library import jobs
from distill.library.job_types import Job
from distill.library.workspace import Workspace

ENDLESS = 1_000_000
"""Steps of a training that ends by hand alone."""


def make_small(page: Page, settings: dict[str, Any], prior: dict[str, Any] | None = None) -> None:
    """Let the form order a small training: such settings are in no form."""

    def shrink(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        order = json.loads(route.request.post_data or "{}")
        order["settings"] |= settings
        order["prior"] = prior
        route.continue_(post_data=json.dumps(order))

    page.route("**/api/v1/jobs", shrink)


def order_by_form(page: Page) -> str:
    """Press the button of the form; returns the id of the training."""
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train/2*")
    return page.url.rpartition("/")[2].partition("?")[0]


def expect_state(page: Page, state: str) -> None:
    """Wait until a tab shows that its training is in a state."""
    expect(page.locator(".training-head .state").first).to_have_text(state)


def steps_of(workspace: Workspace, job: Job) -> int:
    """Steps that a training has taken."""
    steps = jobs.curves(workspace, job.id).get("StepMetrics")
    return int(steps[-1].data["step"]) if steps else 0
