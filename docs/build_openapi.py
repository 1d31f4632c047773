"""Write web/openapi.json, the interface of the server: `python docs/build_openapi.py`."""

import json
from pathlib import Path

from distill.ui.endpoints import ENDPOINTS, MESSAGES
from distill.ui.openapi import openapi_document

FILE = Path(__file__).parents[1] / "web" / "openapi.json"


def main() -> None:
    FILE.parent.mkdir(exist_ok=True)
    document = openapi_document(ENDPOINTS, MESSAGES)
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
