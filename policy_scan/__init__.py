"""policy_scan: from policy PDFs to a comparative state-of-play table, every cell traceable to a sentence on a page."""

__version__ = "0.1.0"
