package stack_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	account = "111122223333"
	stackID = "arn:aws:cloudformation:us-east-1:" + account + ":stack/yardstick/1d2c3b4a"
)

// aws is CloudFormation, IAM and Lambda for the calls that are used, and nothing else: any other request fails the test.
// What is neither of the three goes on to next.
type aws struct {
	*testing.T
	status     string
	parameters map[string]string
	resources  [][3]string // logical id, type, physical id
	variables  map[string]string
	roles      map[string][]statement // by logical id; the physical id is yardstick-<logical id>
	boundary   []statement            // nil: none
	outside    bool                   // no service control policy allows anything
	missing    []string               // context keys that IAM says it was not told
	refuse     map[string]string      // an error code by action
	pageSize   int

	mu    sync.Mutex
	calls []string
	next  http.Handler
}

func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/2015-03-31/functions/"); ok {
		a.function(w, strings.TrimSuffix(name, "/configuration"))
		return
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		a.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	form, parseErr := url.ParseQuery(string(body))
	if err != nil || parseErr != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") == "" {
		a.Errorf("%s %s: %v %v", r.Method, r.URL, err, parseErr)
	}
	action := form.Get("Action")
	a.note(action)
	if code := a.refuse[action]; code != "" {
		a.fail(w, code, "User: arn:aws:iam::"+account+":user/op is not authorized to perform: "+action)
		return
	}
	switch action + " " + form.Get("Version") {
	case "DescribeStacks 2010-05-15":
		a.describe(w, form)
	case "ListStackResources 2010-05-15":
		a.list(w, form)
	case "SimulatePrincipalPolicy 2010-05-08":
		a.simulate(w, form)
	default:
		a.Errorf("unexpected call %s", form.Encode())
		a.fail(w, "InvalidAction", "no such action")
	}
}

func (a *aws) note(action string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, action)
}

func (a *aws) count(action string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(a.calls), func(call string) bool { return call != action }))
}

func (a *aws) fail(w http.ResponseWriter, code, message string) {
	status := http.StatusBadRequest
	switch code {
	case "AccessDenied", "AccessDeniedException":
		status = http.StatusForbidden
	case "NoSuchEntity":
		status = http.StatusNotFound
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r1</RequestId></ErrorResponse>",
		code, message)
}

// answer writes a result as Query services do.
func (a *aws) answer(w http.ResponseWriter, action, result string) {
	w.Header().Set("Content-Type", "text/xml")
	_, _ = fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult><ResponseMetadata><RequestId>r1</RequestId></ResponseMetadata></%sResponse>",
		action, action, result, action, action)
}

// element is <name>text</name>.
func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // into memory
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

func (a *aws) describe(w http.ResponseWriter, form url.Values) {
	if name := form.Get("StackName"); name != "yardstick" {
		a.fail(w, "ValidationError", "Stack with id "+name+" does not exist")
		return
	}
	var parameters strings.Builder
	for name, value := range a.parameters {
		parameters.WriteString("<member>" + element("ParameterKey", name) + element("ParameterValue", value) + "</member>")
	}
	a.answer(w, "DescribeStacks", "<Stacks><member>"+element("StackId", stackID)+element("StackName", "yardstick")+
		element("StackStatus", a.status)+"<CreationTime>2026-11-22T00:00:00Z</CreationTime><Parameters>"+parameters.String()+
		"</Parameters></member></Stacks>")
}

func (a *aws) list(w http.ResponseWriter, form url.Values) {
	from := 0
	if token := form.Get("NextToken"); token != "" {
		if _, err := fmt.Sscanf(token, "from-%d", &from); err != nil {
			a.Errorf("token %q: %v", token, err)
		}
	}
	to, result := min(from+a.pageSize, len(a.resources)), "<StackResourceSummaries>"
	for _, r := range a.resources[from:to] {
		result += "<member>" + element("LogicalResourceId", r[0]) + element("ResourceType", r[1]) + element("PhysicalResourceId", r[2]) +
			"<LastUpdatedTimestamp>2026-11-22T00:00:00Z</LastUpdatedTimestamp><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
	}
	result += "</StackResourceSummaries>"
	if to < len(a.resources) {
		result += element("NextToken", fmt.Sprintf("from-%d", to))
	}
	a.answer(w, "ListStackResources", result)
}

// members are the values of a list parameter.
func members(form url.Values, name, field string) []string {
	var all []string
	for i := 1; form.Has(fmt.Sprintf("%s.member.%d%s", name, i, field)); i++ {
		all = append(all, form.Get(fmt.Sprintf("%s.member.%d%s", name, i, field)))
	}
	return all
}

// simulate answers like IAM: one result for each action, one action a page, and in it one for each resource.
func (a *aws) simulate(w http.ResponseWriter, form url.Values) {
	logical, ok := strings.CutPrefix(form.Get("PolicySourceArn"), "arn:aws:iam::"+account+":role/yardstick-")
	role, known := a.roles[logical]
	if !ok || !known {
		a.fail(w, "NoSuchEntity", "The role with name "+logical+" cannot be found.")
		return
	}
	context := map[string]string{}
	for i, key := range members(form, "ContextEntries", ".ContextKeyName") {
		entry := fmt.Sprintf("ContextEntries.member.%d.", i+1)
		kind, values := form.Get(entry+"ContextKeyType"), members(form, strings.TrimSuffix(entry, ".")+".ContextKeyValues", "")
		if len(values) != 1 || kind != map[bool]string{true: "boolean", false: "string"}[key == "aws:SecureTransport"] {
			a.Errorf("context %s: %s %q", key, kind, values)
			continue
		}
		context[key] = values[0]
	}
	actions, page := members(form, "ActionNames", ""), 0
	if marker := form.Get("Marker"); marker != "" {
		if _, err := fmt.Sscanf(marker, "page-%d", &page); err != nil {
			a.Errorf("marker %q: %v", marker, err)
		}
	}
	action, result := actions[page], ""
	for _, resource := range members(form, "ResourceArns", "") {
		result += a.verdict(role, action, resource, context)
	}
	organization := "<OrganizationsDecisionDetail><AllowedByOrganizations>" + fmt.Sprint(!a.outside) +
		"</AllowedByOrganizations></OrganizationsDecisionDetail>"
	end := "<IsTruncated>false</IsTruncated>"
	if page+1 < len(actions) {
		end = "<IsTruncated>true</IsTruncated>" + element("Marker", fmt.Sprintf("page-%d", page+1))
	}
	a.answer(w, "SimulatePrincipalPolicy", "<EvaluationResults><member>"+element("EvalActionName", action)+
		"<EvalResourceName>arn:${Partition}:service:::template</EvalResourceName><EvalDecision>allowed</EvalDecision>"+organization+
		"<ResourceSpecificResults>"+result+"</ResourceSpecificResults></member></EvaluationResults>"+end)
}

func (a *aws) verdict(role []statement, action, resource string, context map[string]string) string {
	has := func(all []statement, effect string) bool {
		return slices.ContainsFunc(all, func(s statement) bool { return s.effect == effect && s.matches(action, resource, context) })
	}
	decision, matched, boundary := "implicitDeny", "", ""
	bounded := a.boundary == nil || has(a.boundary, "Allow")
	switch {
	case has(role, "Deny"):
		decision, matched = "explicitDeny", "<member><SourcePolicyId>role_yardstick_freeze</SourcePolicyId></member>"
	case has(role, "Allow") && bounded && !a.outside:
		decision = "allowed"
	}
	if a.boundary != nil {
		boundary = fmt.Sprintf("<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>%t</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>", bounded)
	}
	missing := ""
	for _, key := range a.missing {
		missing += element("member", key)
	}
	return "<member>" + element("EvalResourceName", resource) + element("EvalResourceDecision", decision) + "<MatchedStatements>" + matched +
		"</MatchedStatements><MissingContextValues>" + missing + "</MissingContextValues>" + boundary + "</member>"
}

// function answers GetFunctionConfiguration, which is JSON.
func (a *aws) function(w http.ResponseWriter, name string) {
	a.note("GetFunctionConfiguration")
	if code := a.refuse["GetFunctionConfiguration"]; code != "" {
		w.Header().Set("X-Amzn-Errortype", code)
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"Message":"not authorized to perform: lambda:GetFunctionConfiguration"}`)
		return
	}
	value, known := a.variables[name]
	if !known {
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"Message":"Function not found: `+name+`"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"FunctionName": name, "Environment": map[string]any{
		"Variables": map[string]string{"YARDSTICK_CONFIG": value, "GOMEMLIMIT": "48MiB"}}})
}
