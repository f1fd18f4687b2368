package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/rest"
	"yardstick/pkg/scrapright"
)

// Yard is one ScrapRight account, for reading what the yard says of itself. It is safe for concurrent use.
type Yard struct {
	Account  string
	URL      string                              // as configured
	Datasets map[string]config.ScrapRightDataset // those that are exported
	Live     bool                                // there is a stored access token that can be used now, and Get sends it

	client *rest.Client
	token  credential.Secret
}

// Page is what a yard answered to a GET.
type Page struct {
	Path   string // of what answered, with its query: a redirect may have led there
	Status int
	Body   []byte // empty where the status is not 2xx
}

// Yards are the yards of the configuration. It reads their secrets and leases: to have the access token that is stored,
// and to keep to what is granted. No token is asked for. An error names the account.
func (a *App) Yards(ctx context.Context) ([]*Yard, error) {
	var all []*Yard
	for _, c := range a.Configured.ScrapRight {
		yard, err := a.reachable(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("scrapright account %s: %w", c.Account, err)
		}
		all = append(all, yard)
	}
	return all, nil
}

func (a *App) reachable(ctx context.Context, c config.ScrapRight) (*Yard, error) {
	log := a.Log.With("source", ScrapRight, "account", c.Account)
	found, _ := a.inspect(ctx, c)       // what is wrong with the secrets, Check tells
	lease, _ := a.lease(ctx, c.Account) // and with the lease
	pace := rest.NewPace(a.Now)
	pace.SetCap(c.RequestsPerMinute)
	pace.SetLimit(found.Limit)
	pace.Seed(lease.Requests)

	root, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	transport := a.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	client, err := rest.New(rest.Config{BaseURL: root.Scheme + "://" + root.Host, Transport: tracked{transport}, Pace: pace,
		Now: a.Now, Log: log, UserAgent: userAgent})
	if err != nil {
		return nil, err
	}
	hidden(client)(found.Session.AccessToken, found.Session.RefreshToken)
	yard := &Yard{Account: c.Account, URL: c.URL, Live: found.Live, client: client,
		Datasets: map[string]config.ScrapRightDataset{}}
	for name, d := range c.Datasets {
		if !d.Off {
			yard.Datasets[name] = d
		}
	}
	if found.Live {
		yard.token = found.Session.AccessToken
	}
	return yard, nil
}

// Get asks the yard's host for a path, which counts from the host's root and may have a query. It is one call to the
// vendor, at the account's pace and tried again as package rest does; redirects on the host are followed. Any status is
// an answer; an error is one of package rest.
func (y *Yard) Get(ctx context.Context, path string) (Page, error) {
	page := Page{Path: path}
	path, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return page, fmt.Errorf("the address %s: %w", page.Path, err)
	}
	request := rest.Request{Path: path, Query: values}
	if !y.token.Empty() {
		request.Header = scrapright.Authorized(y.token)
	}
	answer, err := y.client.Do(context.WithValue(ctx, whence{}, &page.Path), request)
	if _, ok := errors.AsType[*rest.RedirectError](err); ok {
		return page, err
	}
	if status, ok := errors.AsType[*rest.StatusError](err); ok {
		page.Status = status.Status
		return page, nil
	}
	if err != nil {
		return page, err
	}
	page.Status, page.Body = answer.Status, answer.Body
	return page, nil
}

// tracked is a transport that notes where each request of a call goes, redirects too, at the *string that the call's
// context has under whence: what a page names is relative to where that page is.
type tracked struct{ http.RoundTripper }

type whence struct{}

// RoundTrip sends the request on.
func (t tracked) RoundTrip(r *http.Request) (*http.Response, error) {
	if path, ok := r.Context().Value(whence{}).(*string); ok {
		*path = r.URL.RequestURI()
	}
	return t.RoundTripper.RoundTrip(r)
}
