package swagger

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one GET without variable parts in its path.
type operation struct {
	path       string   // below the yard's URL
	pathWords  []string // of it, singular
	idWords    []string // of the operationId
	tagWords   []string
	sumWords   []string // of the summary
	deprecated bool
	paging     paging
	ranges     []dateRange
	needs      []string // other parameters that it cannot do without, and that are never sent
	answer     answer
}

// What the configuration takes for a path, and for the name of a parameter. Anything else is no use to it.
var (
	usablePath = regexp.MustCompile(`^(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?$`)
	usableName = regexp.MustCompile(`^[A-Za-z0-9_.:$~@\[\]-]{1,100}$`)
	versioned  = regexp.MustCompile(`/v\{[^{}/]*[vV]ersion[^{}/]*\}/`)
)

// take adds the operations of a description that was found at a path of the yard's host.
func (r *Reference) take(d description, from string, yard *url.URL) {
	paths := d.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path]
		if item == nil || item.Get == nil {
			continue
		}
		base, other := basePath(serversOf(d, item), from, yard)
		if other != "" && !slices.Contains(r.servers, other) {
			r.servers = append(r.servers, other)
		}
		full := below(yard, base+versioned.ReplaceAllString(path, "/v1/")) // the version that all the vendor's paths have
		if strings.ContainsAny(full, "{}") || !usablePath.MatchString(full) {
			continue
		}
		if !slices.ContainsFunc(r.operations, func(o operation) bool { return o.path == full }) {
			r.operations = append(r.operations, newOperation(full, item))
		}
	}
	r.Sources = append(r.Sources, Source{Path: from, Version: d.version})
}

func newOperation(path string, item *openapi3.PathItem) operation {
	get := item.Get
	o := operation{path: path, deprecated: get.Deprecated, pathWords: words(path), idWords: words(get.OperationID),
		tagWords: words(strings.Join(get.Tags, " ")), sumWords: words(get.Summary)}
	for _, n := range names {
		if o.answer.root == nil && o.names(n.noun) >= named { // of the others nobody asks, and they can be large
			o.answer = answerOf(get)
		}
	}
	var parameters []*openapi3.Parameter
	for _, ref := range slices.Concat(get.Parameters, item.Parameters) { // the operation's own come first, and win
		if ref == nil || ref.Value == nil {
			continue
		}
		p := ref.Value
		if !slices.ContainsFunc(parameters, func(q *openapi3.Parameter) bool { return q.Name == p.Name && q.In == p.In }) {
			parameters = append(parameters, p)
		}
	}
	o.take(parameters)
	return o
}

// take sorts the parameters by what they are for.
func (o *operation) take(parameters []*openapi3.Parameter) {
	var dates []*openapi3.Parameter
	for _, p := range parameters {
		switch {
		case p.In == openapi3.ParameterInQuery && o.paging.take(p):
		case p.In == openapi3.ParameterInQuery && usableName.MatchString(p.Name) && dateRole(p) != neither:
			dates = append(dates, p)
		case p.Required && p.In != openapi3.ParameterInPath && needed(p):
			o.needs = append(o.needs, p.Name)
		}
	}
	var left []*openapi3.Parameter
	o.ranges, left = pair(dates)
	for _, p := range left {
		if p.Required {
			o.needs = append(o.needs, p.Name)
		}
	}
}

// needed says whether a required parameter is one that yardstick does not send, or that every client sends.
func needed(p *openapi3.Parameter) bool {
	switch http.CanonicalHeaderKey(p.Name) {
	case "X-Access-Token", "Authorization", "Accept", "Content-Type", "User-Agent":
		return p.In != openapi3.ParameterInHeader
	}
	if s := schemaOf(p); s != nil && (s.Default != nil || len(s.Enum) == 1) {
		return false // the server knows it
	}
	return true
}

func schemaOf(p *openapi3.Parameter) *openapi3.Schema {
	if p.Schema == nil {
		return nil
	}
	return p.Schema.Value
}

// serversOf are the servers that count for a path: the nearest ones.
func serversOf(d description, item *openapi3.PathItem) openapi3.Servers {
	switch {
	case item.Get.Servers != nil && len(*item.Get.Servers) > 0:
		return *item.Get.Servers
	case len(item.Servers) > 0:
		return item.Servers
	}
	return d.Servers
}

// basePath is what the paths of a description begin with, from the root of the yard's host; other is the server that
// they are said to be at, where that is not the yard. Where several are named, the yard itself is preferred.
func basePath(servers openapi3.Servers, from string, yard *url.URL) (base, other string) {
	at, err := yard.Parse(from)
	if err != nil {
		return "", ""
	}
	for i, server := range servers {
		u, err := at.Parse(filledIn(server))
		if err != nil {
			continue
		}
		path := strings.TrimRight(u.EscapedPath(), "/")
		if sameServer(u, yard) {
			return path, ""
		}
		if i == 0 {
			base, other = path, u.Scheme+"://"+u.Host
		}
	}
	return base, other
}

// filledIn is a server's URL with the defaults of its variables.
func filledIn(s *openapi3.Server) string {
	if s == nil {
		return ""
	}
	at := s.URL
	for name, v := range s.Variables {
		if v != nil {
			at = strings.ReplaceAll(at, "{"+name+"}", v.Default)
		}
	}
	return at
}

// below is a path of the host as it stands below the yard's URL. A description behind a proxy may not know the prefix
// that its yard is reached under; its paths are taken as they are.
func below(yard *url.URL, path string) string {
	rest, ok := strings.CutPrefix(path, strings.TrimRight(yard.EscapedPath(), "/"))
	if !ok || !strings.HasPrefix(rest, "/") {
		return path
	}
	return rest
}

var (
	upper   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	acronym = regexp.MustCompile(`([A-Z])([A-Z][a-z])`)
	word    = regexp.MustCompile(`[A-Za-z]+`)
)

// words are the words of a name or text in lower case and singular, whatever joins them: "GetPurchasesByDate",
// "purchase-history", "/api/v1/purchases".
func words(text string) []string {
	text = acronym.ReplaceAllString(upper.ReplaceAllString(text, "$1 $2"), "$1 $2")
	var all []string
	for _, w := range word.FindAllString(text, -1) {
		all = append(all, singular(strings.ToLower(w)))
	}
	return all
}

func singular(w string) string {
	switch {
	case strings.HasSuffix(w, "sses"):
		return strings.TrimSuffix(w, "es")
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return strings.TrimSuffix(w, "ies") + "y"
	case strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && len(w) > 3:
		return strings.TrimSuffix(w, "s")
	}
	return w
}
