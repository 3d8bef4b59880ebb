"""What tests of the pages ask of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


def rows_listed(client: Any, query: str) -> int:
    found = re.search(r'role="status">(?:More than )?([\d,]+) ', client.get(f"/list?{query}").text)
    assert found
    return int(found.group(1).replace(",", ""))


def post(client: Any, page: Any, where: str, field: Callable[[str, str], str], **more: str) -> Any:
    fields = {"csrf": field(page.text, "csrf"), **more}
    if 'name="basis"' in page.text:
        fields = {"basis": field(page.text, "basis"), **fields}
    return client.post(f"{page.url.path}/{where}", data=fields)
