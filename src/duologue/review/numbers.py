"""Numbers in addresses that fit a database's."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class Number(Convertor[int]):
    """A whole number of at most 15 digits; an address with more of them is none of ours."""

    regex = "[0-9]{1,15}"

    def convert(self, value: str) -> int:
        """From the address."""
        return int(value)

    def to_string(self, value: int) -> str:
        """For an address."""
        return str(value)


def register() -> None:
    """Let routes write ``{name:number}``. May be repeated."""
    register_url_convertor("number", Number())
