package simulator

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// call is a request with what the log must not hold, and with what a fault changed of it.
type call struct {
	Request
	query        url.Values
	isForm       bool
	apiKey       string
	accessToken  string
	refreshToken string

	pageInstead int
	rows        func([]string) []string
}

const maxForm = 64 << 10

// receive reads a request and puts it into the log.
func (y *Yard) receive(r *http.Request) *call {
	query := r.URL.Query()
	c := &call{
		Request: Request{
			Time: y.cfg.Now(), Endpoint: y.endpoint(r.URL.Path), Method: r.Method, Path: r.URL.Path,
			Page: number(query.Get("page")), PageSize: number(query.Get("pageSize")),
		},
		query:       query,
		apiKey:      r.Header.Get("X-Api-Key"),
		accessToken: r.Header.Get("X-Access-Token"),
	}
	c.Query = y.known(c.Endpoint, query)
	if c.Endpoint == Purchases {
		route := y.cfg.Routes[Purchases]
		c.From, c.To = query.Get(route.From), query.Get(route.To)
	}
	credential := c.accessToken
	switch c.Endpoint {
	case TokenEndpoint:
		credential = c.apiKey
	case RefreshEndpoint:
		c.readForm(r)
		credential = c.refreshToken
	}
	c.Credential = shortHash(credential)
	c.Generation = y.sessions.generation(credential)
	y.journal.arrived(&c.Request)
	return c
}

// readForm finds the refresh token in the body. It is not looked for in the query, nor in a body of another type.
func (c *call) readForm(r *http.Request) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if c.isForm = err == nil && kind == "application/x-www-form-urlencoded"; !c.isForm {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm))
	if err != nil {
		return // a body cut short has no token that could be used
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	c.refreshToken = form.Get("refreshToken")
}

// shape takes over how a fault changes the work itself.
func (c *call) shape(answer *Answer) {
	c.pageInstead, c.rows = answer.Page, answer.Rows
}

// endpoint says what is served at a path: "" for nothing.
func (y *Yard) endpoint(path string) string {
	if name, ok := y.paths[path]; ok {
		return name
	}
	if dataset, _ := y.below(path); dataset != "" {
		return LookupEndpoint
	}
	return ""
}

// below splits a path beneath one of the datasets' into that dataset and the rest.
func (y *Yard) below(path string) (dataset, rest string) {
	longest := 0
	for name, route := range y.cfg.Routes {
		base := strings.TrimSuffix(route.Path, "/") + "/"
		if r, ok := strings.CutPrefix(path, base); ok && r != "" && len(base) > longest {
			dataset, rest, longest = name, r, len(base)
		}
	}
	return dataset, rest
}

// known keeps of a query what an endpoint documents.
func (y *Yard) known(endpoint string, query url.Values) url.Values {
	route := y.cfg.Routes[endpoint]
	kept := url.Values{}
	for name, values := range query {
		switch {
		case endpoint == "" || endpoint == TokenEndpoint || endpoint == RefreshEndpoint:
			kept[name] = []string{"(not kept)"}
		case name == "page" || name == "pageSize" || name == "name" || name == route.From || name == route.To:
			kept[name] = values
		default:
			kept[name] = []string{"(not kept)"}
		}
	}
	return kept
}

// number reads a page number for the log.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
