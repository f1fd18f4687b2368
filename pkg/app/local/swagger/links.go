package swagger

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// links are the addresses that a page or a script names, as they are spelt there.
type links struct {
	documents []string // of descriptions, or of a list of them
	pages     []string // to go on to
	scripts   []string // that the page loads
}

// The dialects: Swagger UI and its many wrappers (url, urls, configUrl), ReDoc and RapiDoc (spec-url, Redoc.init),
// Scalar (data-url), Elements (apiDescriptionUrl), and Swashbuckle for .NET Framework (rootUrl with discoveryPaths).
var (
	namedURL = regexp.MustCompile(`(?:^|[^\w$.-])(?:url|configUrl|specUrl|spec-url|data-url|apiDescriptionUrl)` +
		`["']?\s*[:=]\s*` + literal)
	redocInit      = regexp.MustCompile(`Redoc\.init\(\s*` + literal)
	rootURL        = regexp.MustCompile(`\brootUrl["']?\s*[:=]\s*` + literal)
	discoveryPaths = regexp.MustCompile(`\bdiscoveryPaths["']?\s*[:=]\s*(?:arrayFrom\()?\s*` + literal)
	scriptSource   = regexp.MustCompile(`(?i)<script\b[^>]*?\ssrc\s*=\s*` + literal)
	metaRefresh    = regexp.MustCompile(`(?i)<meta\b[^>]*?\bcontent\s*=\s*["']\s*\d+\s*;\s*url\s*=\s*["']?([^"'\s>]+)`)
)

// literal is a string without line breaks, in any of the quotes of HTML and JavaScript.
const literal = "(?:\"([^\"\\s]+)\"|'([^'\\s]+)'|`([^`\\s]+)`)"

// escapes undoes how JSON inside a string of a script spells quotes and slashes.
var escapes = strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\/`, `/`,
	`\u0022`, `"`, `\u0027`, `'`, `\u002F`, `/`, `\u002f`, `/`, `\u0026`, `&`)

// findLinks reads the text of a page, of a script or of a JSON configuration.
func findLinks(text string) links {
	text = escapes.Replace(text)
	var found links
	for _, at := range append(literals(namedURL, text), literals(redocInit, text)...) {
		found.documents = add(found.documents, at)
	}
	root := ""
	for _, at := range literals(rootURL, text) {
		root = strings.TrimSuffix(at, "/") + "/"
	}
	for _, all := range literals(discoveryPaths, text) {
		for at := range strings.SplitSeq(all, "|") {
			found.documents = add(found.documents, joined(root, at))
		}
	}
	for _, at := range literals(scriptSource, text) {
		if !isLibrary(at) {
			found.scripts = add(found.scripts, at)
		}
	}
	for _, match := range metaRefresh.FindAllStringSubmatch(text, -1) {
		found.pages = add(found.pages, match[1])
	}
	return found
}

func joined(root, at string) string {
	if at == "" {
		return ""
	}
	return root + strings.TrimPrefix(at, "/")
}

func literals(pattern *regexp.Regexp, text string) []string {
	var all []string
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, html.UnescapeString(match[1]+match[2]+match[3])) // one of them matched
	}
	return all
}

// add keeps an address that could be one, once.
func add(all []string, at string) []string {
	if at == "" || slices.Contains(all, at) {
		return all
	}
	path, _, _ := strings.Cut(at, "?")
	for _, no := range []string{".css", ".png", ".svg", ".ico", ".gif", ".html#"} {
		if strings.HasSuffix(strings.ToLower(path), no) {
			return all
		}
	}
	anchor, template := at[0] == '#', strings.ContainsAny(at, "{}<>")
	if anchor || template || strings.ContainsFunc(at, unicode.IsControl) {
		return all
	}
	return append(all, at)
}

// isLibrary says whether a script is the viewer itself, or another library, and so names nothing of the yard's.
func isLibrary(script string) bool {
	path, _, _ := strings.Cut(strings.ToLower(script), "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, part := range []string{"bundle", "preset", "standalone", "jquery", "bootstrap", "handlebars", "backbone",
		"underscore", "lodash", "highlight", "marked", "polyfill", "es6", "object-assign", "jsoneditor", "swagger-oauth", ".min."} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "swagger-ui.js"
}
