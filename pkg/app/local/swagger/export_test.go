package swagger

// Links lets the fuzz test see what is found in a text: documents, pages, scripts.
func Links(text string) [3][]string {
	found := findLinks(text)
	return [3][]string{found.documents, found.pages, found.scripts}
}

// LayoutIn lets the fuzz test read a description's dates.
func LayoutIn(text string) string { return layoutIn(text) }
