package swagger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yardstick/pkg/app/local/swagger"
)

// call is one GET of a description written by a test.
type call struct {
	path   string
	query  []string // parameters as JSON, one or several with commas
	data   string   // schema of Data; "": an array of objects
	beside string   // further members of the answer, each with a comma before it
	more   string   // further members of the operation, each with a comma before it
}

const (
	ofRecords = `{"type":"array","items":{"type":"object"}}`
	count     = `{"type":"integer"}`
	pages     = `{"name":"page","in":"query","schema":{"type":"integer"}},{"name":"pageSize","in":"query","schema":{"type":"integer"}}`
	days      = `{"name":"startDate","in":"query","schema":{"type":"string","format":"date"}},{"name":"endDate","in":"query","schema":{"type":"string","format":"date"}}`
)

func describe(calls ...call) string {
	var paths []string
	for _, c := range calls {
		if c.data == "" {
			c.data = ofRecords
		}
		paths = append(paths, fmt.Sprintf(`%q:{"get":{"parameters":[%s],"responses":{"200":{"description":"OK","content":{"application/json":{"schema":
			{"type":"object","properties":{"IsError":{"type":"integer"},"Message":{"type":"string"},"Data":%s%s}}}}}}%s}}`,
			c.path, strings.Join(c.query, ","), c.data, c.beside, c.more))
	}
	return `{"openapi":"3.0.1","info":{"title":"x","version":"v1"},"paths":{` + strings.Join(paths, ",") + `}}`
}

// judge compares one dataset of the default configuration, changed, with a description.
func judge(t *testing.T, dataset, text string, change func(*swagger.Dataset)) swagger.Verdict {
	t.Helper()
	d := asDefault(t)[dataset]
	if change != nil {
		change(&d)
	}
	verdicts := reference(t, yardURL, text).Compare(map[string]swagger.Dataset{dataset: d})
	if len(verdicts) != 1 {
		t.Fatalf("got %d verdicts, want one", len(verdicts))
	}
	return verdicts[0]
}

func changes(v swagger.Verdict) string {
	var all []string
	for _, d := range v.Differences {
		all = append(all, fmt.Sprintf("%s=%v", d.Key, d.Value))
	}
	return strings.Join(all, " ")
}

func param(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"in":"query","schema":{"type":"string"}%s}`, name, more)
}

func TestDateParametersAreFoundUnderManyNames(t *testing.T) {
	for pair, want := range map[string]string{
		"startDate endDate":                         "",
		"StartDate EndDate":                         "from=StartDate to=EndDate",
		"dateFrom dateTo":                           "from=dateFrom to=dateTo",
		"fromDate toDate":                           "from=fromDate to=toDate",
		"from to":                                   "from=from to=to",
		"start end":                                 "from=start to=end",
		"startdate enddate":                         "from=startdate to=enddate",
		"date_from date_to":                         "from=date_from to=date_to",
		"begin-date end-date":                       "from=begin-date to=end-date",
		"beginDate endDate":                         "from=beginDate",
		"since until":                               "from=since to=until",
		"filter.startDate filter.endDate":           "from=filter.startDate to=filter.endDate",
		"filter[from] filter[to]":                   "from=filter[from] to=filter[to]",
		"PurchaseDateStart PurchaseDateEnd":         "from=PurchaseDateStart to=PurchaseDateEnd",
		"modifiedFrom modifiedTo ticketFrom endsAt": "from=modifiedFrom to=modifiedTo",
		"updatedFrom updatedTo dateFrom dateTo":     "from=dateFrom to=dateTo",
	} {
		c := call{path: "/api/v1/purchase", query: []string{pages}}
		for name := range strings.FieldsSeq(pair) {
			c.query = append(c.query, param(name, ""))
		}
		v := judge(t, "purchases", describe(c), nil)
		if got := changes(v); got != want || len(v.Faults) > 0 {
			t.Errorf("%s: got %q, faults %q; want %q", pair, got, v.Faults, want)
		}
	}
}

func TestOfSeveralDateRangesThatFitNoneIsChosen(t *testing.T) {
	c := call{path: "/api/v1/purchase", query: []string{pages, param("paidFrom", ""), param("paidTo", ""), param("soldFrom", ""), param("soldTo", "")}}
	v := judge(t, "purchases", describe(c), nil)
	if len(v.Differences) > 0 || len(v.Faults) != 1 || !strings.Contains(v.Faults[0], "paidFrom and paidTo, soldFrom and soldTo") {
		t.Errorf("got %+v; want a fault that lists both ranges", v)
	}
	v = judge(t, "purchases", describe(c), func(d *swagger.Dataset) { d.From, d.To = "soldFrom", "soldTo" })
	if len(v.Differences)+len(v.Faults) > 0 {
		t.Errorf("got %+v; want the configured range to stand", v)
	}
}

func TestDateFormatsAreReadFromFormatsPatternsAndExamples(t *testing.T) {
	text := func(description string) string { return fmt.Sprintf(`,"description":%q`, description) }
	for more, want := range map[string]string{
		"":                                                 "",
		text("First day, as yyyy-MM-dd."):                  "",
		text("Format: MM/dd/yyyy"):                         "date_format=01/02/2006",
		text("mm/dd/yyyy"):                                 "date_format=01/02/2006",
		text("dd.MM.yyyy"):                                 "date_format=02.01.2006",
		text("YYYYMMDD"):                                   "date_format=20060102",
		text("yyyy-MM-ddTHH:mm:ss"):                        "date_format=2006-01-02T15:04:05",
		text("yyyy-MM-dd'T'HH:mm"):                         "date_format=2006-01-02T15:04",
		text("such as 2026-01-31"):                         "",
		text("such as 2026-01-31T00:00:00Z"):               "date_format=2006-01-02T15:04:05Z07:00",
		text("such as 01/31/2026"):                         "date_format=01/02/2006",
		text("such as 31-01-2026"):                         "date_format=02-01-2006",
		text("such as 20260131"):                           "date_format=20060102",
		text("such as 01/02/2026"):                         "", // January or February: not told
		text("dd/dd/yyyy of no use"):                       "",
		text("The ADDED or SUMMED day"):                    "",
		`,"example":"20260131"`:                            "date_format=20060102",
		`,"schema":{"type":"string","format":"date"}`:      "",
		`,"schema":{"type":"string","format":"date-time"}`: "date_format=2006-01-02T15:04:05",
	} {
		c := call{path: "/api/v1/purchase", query: []string{pages, param("startDate", more), param("endDate", "")}}
		if got := changes(judge(t, "purchases", describe(c), nil)); got != want {
			t.Errorf("%s: got %q, want %q", more, got, want)
		}
	}
}

func TestADateFormatWithATimeFitsADateTime(t *testing.T) {
	c := call{path: "/api/v1/purchase", query: []string{pages, param("startDate", `,"schema":{"type":"string","format":"date-time"}`), param("endDate", "")}}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "01/02/2006 03:04 PM"} {
		v := judge(t, "purchases", describe(c), func(d *swagger.Dataset) { d.DateFormat = layout })
		if got := changes(v); got != "" {
			t.Errorf("%s: got %q, want nothing to change", layout, got)
		}
	}
}

func TestTheLastDayIsReadAsItIsDescribed(t *testing.T) {
	for description, want := range map[string]string{
		"":                             "as it is",
		"Last day.":                    "false",
		"End of the range (inclusive)": "false",
		"End date, exclusive":          "true",
		"The day after the last one":   "true",
		"Up to but not including":      "true",
		"Non-exclusive":                "as it is",
		"Not inclusive":                "as it is", // two readers, two readings
	} {
		c := call{path: "/api/v1/purchase", query: []string{pages, param("startDate", ""), param("endDate", fmt.Sprintf(`,"description":%q`, description))}}
		for _, configured := range []bool{false, true} {
			v := judge(t, "purchases", describe(c), func(d *swagger.Dataset) { d.ToExclusive = configured })
			expected := ""
			if want != "as it is" && want != fmt.Sprint(configured) {
				expected = "to_exclusive=" + want
			}
			if got := changes(v); got != expected {
				t.Errorf("%q with to_exclusive %v: got %q, want %q", description, configured, got, expected)
			}
		}
	}
}

func TestTheLargestPageIsReadFromSchemaOrDescription(t *testing.T) {
	for size, want := range map[string]string{
		`{"name":"pageSize","in":"query","schema":{"type":"integer","maximum":50}}`:                                "page_size=50",
		`{"name":"pageSize","in":"query","schema":{"type":"integer","maximum":51,"exclusiveMaximum":true}}`:        "page_size=50",
		`{"name":"pageSize","in":"query","schema":{"type":"integer","maximum":500}}`:                               "",
		`{"name":"pageSize","in":"query","description":"Records a page, at most 40.","schema":{"type":"integer"}}`: "page_size=40",
		`{"name":"pageSize","in":"query","description":"Maximum: 25","schema":{"type":"integer"}}`:                 "page_size=25",
		`{"name":"pageSize","in":"query","description":"25 by default","schema":{"type":"integer"}}`:               "",
	} {
		c := call{path: "/api/v1/customer", query: []string{`{"name":"page","in":"query"}`, size}}
		if got := changes(judge(t, "customers", describe(c), nil)); got != want {
			t.Errorf("%s: got %q, want %q", size, got, want)
		}
	}
}

func TestPagingUnderOtherNamesIsAFaultThatNoSettingMends(t *testing.T) {
	for pair, want := range map[string][2]int{ // faults, doubts
		"page pageSize":               {0, 0},
		"Page PageSize":               {0, 1},
		"pageNumber perPage":          {1, 0},
		"page limit":                  {1, 0},
		"offset limit":                {1, 0},
		"paging.page paging.pageSize": {1, 0},
		"page":                        {1, 0},
		"color":                       {0, 1},
	} {
		c := call{path: "/api/v1/customer"}
		for name := range strings.FieldsSeq(pair) {
			c.query = append(c.query, param(name, ""))
		}
		v := judge(t, "customers", describe(c), nil)
		if got := [2]int{len(v.Faults), len(v.Doubts)}; got != want || len(v.Differences) > 0 {
			t.Errorf("%s: got %d faults and doubts, want %d: %+v", pair, got, want, v)
		}
	}
}

func TestTheRecordsPlaceIsNamedWhereTheirShapeDoesNotTellIt(t *testing.T) {
	object := func(members string) string { return `{"type":"object","properties":{` + members + `}}` }
	for name, at := range map[string]struct{ data, beside, records, want string }{
		"Data is the array": {data: ofRecords},
		"Data has one": {
			data: object(`"Items":` + ofRecords + `,"TotalCount":` + count),
		},
		"Data is not told": {data: `{}`},
		"Data is some object": {
			data: `{"type":"object"}`, beside: `,"Errors":` + ofRecords,
		},
		"Data has two": {
			data: object(`"Customers":` + ofRecords + `,"Errors":{"type":"array","items":{"type":"string"}}`), want: "records=/Data/Customers",
		},
		"Data has it deeper": {
			data: object(`"Page":` + object(`"Items":`+ofRecords)), want: "records=/Data/Page/Items",
		},
		"two that may be": {
			data: object(`"A":` + ofRecords + `,"B":` + ofRecords), want: "fault",
		},
		"beside Data": {
			data: `{"type":"string"}`, beside: `,"Customers":` + ofRecords, want: "records=/Customers",
		},
		"a name to escape": {
			data: object(`"a/b~c":` + object(`"Items":`+ofRecords)), want: "records=/Data/a~1b~0c/Items",
		},
		"configured, and so": {
			data: object(`"A":` + ofRecords + `,"B":` + ofRecords), records: "/Data/B",
		},
		"configured, and elsewhere": {
			data: object(`"Items":` + ofRecords + `,"B":{"type":"array"}`), records: "/Data/Rows", want: "records=/Data/Items",
		},
		"configured, and needless": {
			data: ofRecords, records: "/Data/Items", want: "records=",
		},
		"configured, and harmless":       {data: ofRecords, records: "/Data"},
		"configured beyond what is told": {data: `{}`, records: "/Data/Items"},
	} {
		c := call{path: "/api/v1/customer", query: []string{pages}, data: at.data, beside: at.beside}
		v := judge(t, "customers", describe(c), func(d *swagger.Dataset) { d.Records = at.records })
		got := changes(v)
		if len(v.Faults) > 0 {
			got = "fault"
		}
		if got != at.want {
			t.Errorf("%s: got %q, want %q (%+v)", name, got, at.want, v)
		}
	}
}

func TestTheTotalIsNamedOnlyWhereItsNameDoesNotTellIt(t *testing.T) {
	data := func(members string) string {
		return `{"type":"object","properties":{"Items":` + ofRecords + members + `}}`
	}
	for name, at := range map[string]struct{ data, beside, total, want string }{
		"beside the records": {data: data(`,"TotalCount":` + count)},
		"at the top":         {data: data(""), beside: `,"Total":` + count},
		"none":               {data: data(`,"Pages":` + count)},
		"elsewhere": {
			data: data(`,"Paging":{"type":"object","properties":{"TotalRecords":` + count + `,"TotalPages":` + count + `}}`), want: "total=/Data/Paging/TotalRecords",
		},
		"a name that is not plain": {
			data: data(`,"totalElements":` + count), want: "total=/Data/totalElements",
		},
		"two of them": {
			data: data(`,"Total":` + count + `,"TotalCount":` + count),
		},
		"money is no count":  {data: data(`,"TotalAmount":{"type":"number"}`)},
		"configured, and so": {data: data(`,"n":` + count), total: "/Data/n"},
		"configured, and not there": {
			data: data(`,"TotalCount":` + count), total: "/Data/n", want: "total=",
		},
		"configured, and elsewhere": {
			data: data(`,"totalElements":` + count), total: "/Data/n", want: "total=/Data/totalElements",
		},
	} {
		c := call{path: "/api/v1/customer", query: []string{pages}, data: at.data, beside: at.beside}
		v := judge(t, "customers", describe(c), func(d *swagger.Dataset) { d.Total = at.total })
		if got := changes(v); got != at.want || len(v.Faults) > 0 {
			t.Errorf("%s: got %q, want %q (%+v)", name, got, at.want, v)
		}
	}
}

func TestListsAreToldFromEverythingElse(t *testing.T) {
	list := func(path string) call { return call{path: path, query: []string{pages}} }
	needing := func(path, name string) call {
		return call{path: path, query: []string{pages, fmt.Sprintf(`{"name":%q,"in":"query","required":true}`, name)}}
	}
	named := func(path, more string) call { return call{path: path, query: []string{pages}, more: more} }
	for name, at := range map[string]struct {
		calls []call
		want  string // path; "" none
	}{
		"the default": {
			[]call{list("/api/v1/customer"), list("/api/v1/customers/all")}, "/api/v1/customer",
		},
		"the plural": {
			[]call{list("/api/v1/customers"), list("/api/v1/customers/paged/active/x")}, "/api/v1/customers",
		},
		"not by id": {
			[]call{list("/api/v1/customers/{id}"), list("/api/v1/customer/list")}, "/api/v1/customer/list",
		},
		"not a search": {
			[]call{list("/api/v1/customers/search"), list("/api/v1/customers/list")}, "/api/v1/customers/list",
		},
		"a search alone": {[]call{list("/api/v1/customers/search")}, ""},
		"not what needs a name": {
			[]call{needing("/api/v1/customer", "name"), list("/api/v1/customer/list")}, "/api/v1/customer/list",
		},
		"the token is sent": {
			[]call{{path: "/api/v1/customers", query: []string{pages, `{"name":"X-Access-Token","in":"header","required":true}`}}}, "/api/v1/customers",
		},
		"other headers are not": {
			[]call{{path: "/api/v1/customers", query: []string{pages, `{"name":"X-Tenant","in":"header","required":true}`}}}, "",
		},
		"not a single one": {
			[]call{{path: "/api/v1/customer", data: `{"type":"object","properties":{"Id":{"type":"integer"}}}`}, list("/api/v1/customer/list")}, "/api/v1/customer/list",
		},
		"not their parts": {
			[]call{list("/api/v1/customer/notes"), list("/api/v1/business/customers"), list("/api/v1/customers/businesses")}, "/api/v1/business/customers",
		},
		"by its tag and summary": {
			[]call{named("/api/v1/sellers", `,"tags":["Customer"],"summary":"List customers"`)}, "/api/v1/sellers",
		},
		"a tag alone is too little": {
			[]call{named("/api/v1/notes", `,"tags":["Customer"]`)}, "",
		},
		"not what is to go": {
			[]call{named("/api/v1/customers", `,"deprecated":true`), list("/api/v2/customers")}, "/api/v2/customers",
		},
		"paged rather than not": {
			[]call{{path: "/api/v1/customers"}, list("/api/v1/customer/list")}, "/api/v1/customer/list",
		},
		"a tie": {
			[]call{list("/api/v1/customers"), list("/api/v2/customers")}, "",
		},
		"a tie, and one of them is ours": {
			[]call{list("/api/v1/Customer"), list("/api/v2/customers")}, "/api/v1/Customer",
		},
		"none at all": {[]call{list("/api/v1/materials")}, ""},
	} {
		v := judge(t, "customers", describe(at.calls...), nil)
		if v.Path != at.want || (v.Path == "") != (len(v.Faults) > 0) {
			t.Errorf("%s: got %q, faults %q; want %q", name, v.Path, v.Faults, at.want)
		}
	}
}

func TestPurchasesAreWhatTakesADateRange(t *testing.T) {
	dated := func(path string) call { return call{path: path, query: []string{pages, days}} }
	for name, at := range map[string]struct {
		calls []call
		want  string
	}{
		"the default": {[]call{dated("/api/v1/purchase")}, "/api/v1/purchase"},
		"with the dates": {
			[]call{{path: "/api/v1/purchase", query: []string{pages}}, dated("/api/v1/purchase/daterange")}, "/api/v1/purchase/daterange",
		},
		"not of a customer": {
			[]call{dated("/api/v1/customer/purchases"), dated("/api/v1/purchase/history")}, "/api/v1/purchase/history",
		},
		"a search with dates": {
			[]call{dated("/api/v1/purchases/search")}, "/api/v1/purchases/search",
		},
		"no dates at all": {
			[]call{{path: "/api/v1/purchase", query: []string{pages}}}, "",
		},
		"numbers are no dates": {[]call{{path: "/api/v1/purchase", query: []string{pages,
			`{"name":"from","in":"query","schema":{"type":"integer"}}`, `{"name":"to","in":"query","schema":{"type":"integer"}}`}}}, ""},
	} {
		v := judge(t, "purchases", describe(at.calls...), nil)
		if v.Path != at.want {
			t.Errorf("%s: got %q, faults %q; want %q", name, v.Path, v.Faults, at.want)
		}
	}
}

func TestPathsAreToldBelowTheYardsURL(t *testing.T) {
	body := func(servers string) string {
		return strings.Replace(describe(call{path: "/v1/customer", query: []string{pages}}), `"paths"`, servers+`"paths"`, 1)
	}
	for name, at := range map[string]struct{ yard, servers, want, elsewhere string }{
		"no server": {yardURL, "", "/v1/customer", ""},
		"the root":  {yardURL, `"servers":[{"url":"/"}],`, "/v1/customer", ""},
		"a base": {
			yardURL, `"servers":[{"url":"/api"}],`, "/api/v1/customer", "",
		},
		"an own URL": {
			yardURL, `"servers":[{"url":"http://acme.scrapright.example/api/"}],`, "/api/v1/customer", "",
		},
		"relative to the file": {
			yardURL, `"servers":[{"url":"../api"}],`, "/api/api/v1/customer", "",
		},
		"a variable": {
			yardURL, `"servers":[{"url":"/{base}","variables":{"base":{"default":"api"}}}],`, "/api/v1/customer", "",
		},
		"another host": {
			yardURL, `"servers":[{"url":"https://other.example/api"}],`, "/api/v1/customer", "https://other.example",
		},
		"the yard among them": {
			yardURL, `"servers":[{"url":"https://other.example/x"},{"url":"/api"}],`, "/api/v1/customer", "",
		},
		"a yard with a base": {
			yardURL + "/acme", `"servers":[{"url":"/acme/api"}],`, "/api/v1/customer", "",
		},
		"a prefix not known": {yardURL + "/acme", "", "/v1/customer", ""},
	} {
		r := reference(t, at.yard, body(at.servers))
		v := r.Compare(map[string]swagger.Dataset{"customers": asDefault(t)["customers"]})[0]
		if v.Path != at.want || strings.Join(r.Elsewhere(), " ") != at.elsewhere {
			t.Errorf("%s: got %s, elsewhere %q; want %s, %q", name, v.Path, r.Elsewhere(), at.want, at.elsewhere)
		}
	}
}

func TestLinesAreQuotedWhereYAMLWouldMisreadThem(t *testing.T) {
	v := []swagger.Verdict{{Dataset: "customers"}, {Dataset: "purchases", Differences: []swagger.Difference{
		{Key: "from", Value: "on"}, {Key: "to", Value: "filter[to]"}, {Key: "date_format", Value: "2006-01-02T15:04:05"},
		{Key: "to_exclusive", Value: true}, {Key: "page_size", Value: 50}, {Key: "records", Value: ""}, {Key: "total", Value: `/Data/a "b", c`},
	}}}
	want := []string{"scrapright:", "  - account: 007", "    datasets:",
		`      purchases: {from: "on", to: "filter[to]", date_format: "2006-01-02T15:04:05", to_exclusive: true, page_size: 50, records: "", total: "/Data/a \"b\", c"}`}
	if diff := cmp.Diff(want, swagger.Lines("007", v)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d := settings(t, swagger.Lines("null", v))["purchases"]
	if d.From != "on" || d.To != "filter[to]" || d.Total != `/Data/a "b", c` {
		t.Errorf("read back as %+v", d)
	}
	if lines := swagger.Lines("main", v[:1]); !slices.Equal(lines, nil) {
		t.Errorf("got %q where nothing differs", lines)
	}
}
