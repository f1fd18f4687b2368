package stack

import (
	"slices"
	"time"

	"yardstick/pkg/app"
	"yardstick/pkg/snapshot"
)

// Context keys that conditions of roles, boundaries and service control policies ask for.
const (
	listPrefix      = "s3:prefix"
	viaService      = "kms:ViaService"
	secretNamed     = "secretsmanager:Name"
	secureTransport = "aws:SecureTransport"
	resourceAccount = "aws:ResourceAccount"
	bucketAccount   = "s3:ResourceAccount"
	requestedRegion = "aws:RequestedRegion"
)

// contextKeys are those that belong to some request. Where one is missing from a request, it does not apply to it.
var contextKeys = []string{listPrefix, viaService, secretNamed, secureTransport, resourceAccount, bucketAccount, requestedRegion}

// right is one question to IAM: each of the actions on each of the resources, under one context.
type right struct {
	actions, resources []string
	context            map[string]string
}

// role is what a run needs of one role of the template.
type role struct {
	logical string
	needed  bool // the stack has to have it
	rights  []right
}

// grants collects the rights of one role.
type grants struct {
	*comparison
	all []right
}

// roles are those that the stack has by its parameters, each with what the configuration needs of it.
func (c *comparison) roles() []role {
	var all []role
	add := func(logical string, needed bool, collect func(g *grants)) {
		g := &grants{comparison: c}
		collect(g)
		g.object()
		all = append(all, role{logical, needed, g.all})
	}
	used := func(source string) bool {
		return slices.Contains(c.list("Sources"), source) && len(c.accounts(source)) > 0
	}
	if used(app.ScrapRight) {
		add("ScrapRightExportRole", true, func(g *grants) { g.export(app.ScrapRight) })
		add("RotateSessionRole", false, func(g *grants) {
			g.yards("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage")
			g.encryption("secretsmanager")
		})
	}
	if used(app.Scrunch) {
		add("ScrunchExportRole", true, func(g *grants) { g.export(app.Scrunch) })
	}
	add("VerifyKeyRole", false, func(g *grants) {
		g.yards("secretsmanager:PutSecretValue")
		g.newSessions()
		for _, a := range c.Configured.Scrunch {
			g.secrets(a.APIKeySecret)
		}
		g.encryption("secretsmanager")
	})
	if c.on("Webhook") && c.Configured.Webhook != nil {
		add("TriggerExportRole", true, (*grants).trigger)
	}
	for _, logical := range []string{"ScheduleRole", "BackfillRole"} {
		g := &grants{comparison: c}
		g.invoke()
		all = append(all, role{logical, false, g.all})
	}
	return all
}

// may adds a right under the context that every request has, and what is given as name, value.
func (g *grants) may(actions, resources []string, context ...string) {
	if len(resources) == 0 {
		return
	}
	all := map[string]string{resourceAccount: g.account, bucketAccount: g.account, requestedRegion: g.region, secureTransport: "true"}
	for pair := range slices.Chunk(context, 2) {
		all[pair[0]] = pair[1]
	}
	g.all = append(g.all, right{actions, resources, all})
}

// export is what the runs of a source need. Of the datasets of an account, which the template's roles do not tell apart,
// one listing and one other stand for all where a question costs a call each.
func (g *grants) export(source string) {
	if source == app.ScrapRight {
		g.yards("secretsmanager:PutSecretValue")
		g.newSessions()
	} else {
		for _, a := range g.Configured.Scrunch {
			g.secrets(a.APIKeySecret)
		}
	}
	for _, account := range g.accounts(source) {
		g.snapshots(source, account)
	}
	g.encryption("s3")
	g.encryption("secretsmanager")
}

// yards is what is done with the secrets of ScrapRight's accounts, and beyond reading with their sessions.
func (g *grants) yards(actions ...string) {
	for _, a := range g.Configured.ScrapRight {
		g.secrets(a.APIKeySecret, a.SessionSecret)
		g.may(actions, []string{g.secretARN(a.SessionSecret)})
	}
}

// newSessions is what a run needs where a session's secret is missing and the stack did not make it.
func (g *grants) newSessions() {
	for _, a := range g.Configured.ScrapRight {
		if g.absent[a.Account] && !g.makesSecrets() {
			g.may([]string{"secretsmanager:CreateSecret"}, []string{g.secretARN(a.SessionSecret)}, secretNamed, a.SessionSecret)
		}
	}
}

func (g *grants) secrets(names ...string) {
	var resources []string
	for _, name := range names {
		resources = append(resources, g.secretARN(name))
	}
	g.may([]string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}, resources)
}

// snapshots is what a run does to an account's objects, keys as snapshot.Layout spells them. What a run tells it may lack
// and end well, so that nothing else would show it.
func (g *grants) snapshots(source, account string) {
	l, day, part := g.layout(), snapshot.DateOf(2026, time.January, 1), "part"
	kept := []string{l.Lease(source, account), l.Run(day, "run"), l.Status(), l.Changes(source, account, "2026-01")}
	told := []string{l.Page(), l.Coverage(source, account)}
	var removed, listed []string
	listing, other := false, false
	for _, e := range g.datasets(source, account) {
		name := snapshot.Name{Source: source, Dataset: e.Dataset, Account: account, Day: day, Part: part}
		kept = append(kept, l.Data(name), l.Ledger(source, e.Dataset, account, "2026-01"), l.Spool(name), l.Schema(source, e.Dataset))
		removed = append(removed, l.Spool(name))
		if e.Listing {
			kept, removed = append(kept, l.Latest(name)), append(removed, l.Latest(name))
		}
		if e.Listing && !listing {
			listed = append(listed, l.Latest(name))
		}
		if e.Listing && !listing || !e.Listing && !other {
			listed = append(listed, l.Partitions(source, e.Dataset, account), l.Ledgers(source, e.Dataset, account), l.Schema(source, e.Dataset))
			told = append(told, g.snippets(e)...)
		}
		listing, other = listing || e.Listing, other || !e.Listing
	}
	g.may([]string{"s3:GetObject", "s3:PutObject"}, g.objects(kept))
	g.may([]string{"s3:PutObject"}, g.objects(told))
	g.may([]string{"s3:DeleteObject"}, g.objects(removed))
	// S3 asks for the listing of a key too, where it shall say that the key is not there.
	for _, prefix := range append(listed, l.Spools(source, account), l.Lease(source, account), l.Run(day, "run"), l.Status(),
		l.Changes(source, account, "2026-01")) {
		g.may([]string{"s3:ListBucket"}, []string{g.objectARN(g.Configured.Bucket, "")}, listPrefix, prefix)
	}
}

// snippets are the keys of what readers run to have a dataset: about/tables/<reader>/<source>_<dataset> and an ending.
func (g *grants) snippets(e app.Exported) (keys []string) {
	for _, reader := range []string{"athena", "duckdb", "pandas", "quicksight"} {
		keys = append(keys, g.layout().Snippet(reader, e.Source+"_"+e.Dataset+".any"))
	}
	return keys
}

// trigger is what a webhook needs.
func (g *grants) trigger() {
	g.secrets(g.Configured.Webhook.Secret)
	g.may([]string{"s3:GetObject", "s3:PutObject"}, g.objects([]string{g.layout().Webhook("id")}))
	g.invoke()
	g.encryption("s3")
	g.encryption("secretsmanager")
}

// invoke is the start of the stack's exports.
func (g *grants) invoke() {
	var functions []string
	for _, source := range sources {
		if name := g.physical(exporters[source]); name != "" {
			functions = append(functions, g.arn("lambda", "function:"+name))
		}
	}
	g.may([]string{"lambda:InvokeFunction"}, functions)
}

// object is the configuration's, where it lies in one.
func (g *grants) object() {
	if object := g.parameters["ConfigObject"]; object != "" {
		g.may([]string{"s3:GetObject"}, []string{g.objectARN(object, "")})
	}
}

// encryption is the use of a key of one's own through a service.
func (g *grants) encryption(service string) {
	if key := g.parameters["KmsKey"]; key != "" {
		domain := "amazonaws.com"
		if g.partition == "aws-cn" {
			domain += ".cn"
		}
		g.may([]string{"kms:Decrypt", "kms:GenerateDataKey"}, []string{key}, viaService, service+"."+g.region+"."+domain)
	}
}

func (g *grants) objects(keys []string) []string {
	var all []string
	for _, key := range keys {
		all = append(all, g.objectARN(g.Configured.Bucket, "/"+key))
	}
	return all
}

func (g *grants) objectARN(bucket, key string) string {
	return "arn:" + g.partition + ":s3:::" + bucket + key
}
