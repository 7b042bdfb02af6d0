"""The outline of a document: acts, divisions, articles and paragraphs found in its blocks.

blocks -> segments -> tracks (languages) -> contents, quotations, heads -> units -> cut to size
"""
