"""The pages, one module a subject: each turns a request into a template and its values."""

from duologue.review.numbers import register

register()
