package table

// File is what one reader runs to have a table.
type File struct {
	Reader string // athena, duckdb, pandas or quicksight
	Name   string // of the table, with the ending of the reader's files
	Type   string // content type
	Text   string
}

// Files are the table's, one for each reader that has a way to read it.
func (s Snippets) Files() []File {
	name := s.Table.Name()
	all := []File{
		{"athena", name + ".sql", "application/sql", s.Athena()},
		{"duckdb", name + ".sql", "application/sql", s.DuckDB()},
		{"pandas", name + ".py", "text/x-python; charset=utf-8", s.Pandas()},
	}
	if manifest := s.Manifest(); manifest != "" {
		all = append(all, File{"quicksight", name + ".json", "application/json", manifest})
	}
	return all
}
