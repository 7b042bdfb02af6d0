"""Reports: the table and its evidence as workbook, web page and data."""
