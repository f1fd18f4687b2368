package simulator

// platform is an AI platform: as /responses spells it, as /query does, and whether it always searches the web.
type platform struct {
	name, display string
	searches      bool
}

// theme is what a brand is in, and whom it meets there.
type theme struct {
	name, domain string
	stage        string // one of the brand's own, after the usual ones
	products     []string
	topics       []string
	tags         []string
	rivals       []rivalName
	personas     []personaText
}

type rivalName struct{ name, domain string }

type personaText struct{ name, about string }

// template is a prompt. %p stands for a product, %q for a circumstance, %b for the brand, %r for a competitor.
type template struct {
	stage   int // of stages
	branded bool
	text    string
}

// The tables that brands are made of. They are only read. Openings, middles, endings and opinions are the inside of a
// JSON string, all else is plain text. Every name and domain is invented.
var (
	platforms = [...]platform{
		{"chatgpt", "ChatGPT", false},
		{"claude", "Claude", false},
		{"google_ai_overviews", "Google AI Overviews", true},
		{"perplexity", "Perplexity", true},
		{"meta", "Meta AI", false},
		{"google_ai_mode", "Google AI Mode", true},
		{"google_gemini", "Google Gemini", false},
		{"copilot", "Copilot", false},
		{"grok", "Grok", false},
	}

	stages     = [...]string{"Advice", "Awareness", "Evaluation", "Comparison", "Other"}
	countries  = [...]string{"US", "GB", "CA", "DE"}
	positions  = [...]string{"top", "middle", "bottom"}
	sentiments = [...]string{"positive", "mixed", "negative", "none"}
	sources    = [...]string{"brand", "competitor", "other"}

	themes = [...]theme{
		{
			name: "Harborlight Insurance", domain: "harborlight.example", stage: "Renewal",
			products: []string{"renters insurance", "boat insurance", "umbrella coverage", "pet insurance"},
			topics:   []string{"Pricing", "Claims", "Coverage limits", "Customer service", "Bundles & discounts"},
			tags:     []string{"q4-campaign", "renters", "core", "seo: long tail", "España"},
			rivals: []rivalName{{"Bluecove Mutual", "bluecove.example"}, {"Anchor & Oak", "anchor-oak.example"},
				{"Tidewater Cover", "tidewater-cover.example"}, {"Northpoint Assurance", "northpoint.example"}},
			personas: []personaText{{"First-time Renter", "Signs a first lease and compares by price alone."},
				{"Boat Owner", "Has one craft in a marina and reads every clause."},
				{"Señora de la Vega", "Insures a family of five; asks in Spanish and \"reads reviews first\"."}},
		},
		{
			name: "Fernwood Coffee Roasters", domain: "fernwoodcoffee.example", stage: "Subscription",
			products: []string{"single-origin coffee", "coffee subscriptions", "cold brew concentrate", "decaf beans"},
			topics:   []string{"Taste", "Sustainability", "Shipping", "Brewing", "Price per bag"},
			tags:     []string{"holiday", "subscription", "core", "b2b", "crème"},
			rivals: []rivalName{{"Quarry Lane Coffee", "quarrylane.example"}, {"Moka & Sons", "mokasons.example"},
				{"Third Ridge", "thirdridge.example"}, {"Café Olmo", "cafeolmo.example"}},
			personas: []personaText{{"Office Manager", "Orders for forty people, by invoice."},
				{"Home Barista", "Owns a grinder worth more than the machine."},
				{"Gift Buyer", "Buys in December, once a year."}},
		},
		{
			name: "Loopwise", domain: "loopwise.example", stage: "Onboarding",
			products: []string{"project management software", "sprint boards", "time tracking", "OKR software"},
			topics:   []string{"Integrations", "Security", "Pricing", "Ease of use", "Reporting"},
			tags:     []string{"enterprise", "smb", "core", "migration", "AI"},
			rivals: []rivalName{{"Tasklark", "tasklark.example"}, {"Planyard", "planyard.example"},
				{"Gantry", "gantry-app.example"}, {"Øvergang", "overgang.example"}},
			personas: []personaText{{"Operations Lead", "Rolls tools out to two hundred people."},
				{"Agency Founder", "Bills by the hour; wants reports for clients."},
				{"Engineering Manager", "Will not leave the terminal."}},
		},
		{
			name: "Kestrel Bikes", domain: "kestrelbikes.example", stage: "Service",
			products: []string{"gravel bikes", "commuter e-bikes", "kids' bikes", "bike lights"},
			topics:   []string{"Weight", "Battery range", "Warranty", "Sizing", "Dealers"},
			tags:     []string{"spring", "e-bike", "core", "dealer", "50% off"},
			rivals: []rivalName{{"Halden Cycles", "halden.example"}, {"Rook Velo", "rookvelo.example"},
				{"Padana", "padana.example"}, {"Switchback Works", "switchback.example"}},
			personas: []personaText{{"Commuter", "Rides nine miles each way, in rain."},
				{"Weekend Rider", "Gravel on Saturdays, coffee after."},
				{"Parent", "Buys a size up and hopes."}},
		},
	}

	templates = [...]template{
		{0, false, "How do I choose %p %q?"},
		{1, false, "What should I know about %p %q?"},
		{2, true, "Is %b good for %p %q?"},
		{3, false, "What is the best choice of %p %q?"},
		{4, false, "Where do people buy %p %q?"},
		{3, true, "%b or %r: which is better for %p %q?"},
		{0, false, "Who offers %p %q that is worth the money?"},
		{2, false, "Which companies for %p have the best reviews %q?"},
		{5, true, "How do I renew or return %p from %b %q?"},
		{1, false, "Why would I need %p %q?"},
		{2, true, "What do customers say about %b and %p %q?"},
		{3, false, "Compare the leading options for %p %q."},
	}

	circumstances = [...]string{
		"on a small budget", "for a family of four", "as a beginner", "for a team of ten", "in a small town",
		"when time is short", "near me", "for the first time", "after a bad experience", "in 2026",
	}

	// others are hosts that are neither the brand's nor a competitor's. www. is dropped where /query tells a host.
	others = [...]rivalName{
		{"www.reviewpost.example", "reviewpost.example"}, {"forum.askaround.example", "askaround.example"},
		{"en.openencyclopedia.example", "openencyclopedia.example"}, {"www.thedailyledger.example", "thedailyledger.example"},
		{"consumerdesk.example", "consumerdesk.example"}, {"www.bestpicks.example", "bestpicks.example"},
		{"news.metrowire.example", "metrowire.example"}, {"www.tubeclips.example", "tubeclips.example"},
		{"blog.honestnotes.example", "honestnotes.example"}, {"www.statefacts.example", "statefacts.example"},
		{"compare.pricefinch.example", "pricefinch.example"}, {"www.guidehall.example", "guidehall.example"},
		{"community.makers.example", "makers.example"}, {"www.lifecolumn.example", "lifecolumn.example"},
		{"open.dataset.example", "dataset.example"}, {"www.localvoices.example", "localvoices.example"},
	}

	pages = [...]struct{ path, title string }{
		{"guides/how-to-choose", "How to choose: a short guide"},
		{"reviews/2026", "Reviews 2026 – what changed"},
		{"pricing?ref=ai&v=2", "Pricing"},
		{"blog/what-to-know", "What to know before you buy"},
		{"compare", "Side by side"},
		{"faq#answers", "Questions & answers"},
		{"news/market-update", ""},
		{"t/4821-opinions", "Opinions, please (page 3)"},
	}

	openings = [...]string{
		`There is no single answer, but a few points help to narrow it down.`,
		`**Short answer:** it depends on what you need most.`,
		`Here is an overview of what buyers usually look at:\n\n- price\n- service\n- terms`,
		`Sources differ here; the most recent ones agree on the following.`,
	}
	middles = [...]string{
		`Compare at least three offers, and read what they leave out.`,
		`Prices vary by up to 30 % between regions – ask for a written quote.`,
		`\"Cheapest\" is seldom best: look at the terms, too.`,
		`| Criterion | Weight |\n|---|---|\n| Price | ½ |\n| Service | ¼ |`,
	}
	endings = [...]string{
		`Would you like a comparison for your area? 🙂`,
		`Check the current terms before you decide.`,
		`In short: start small, and change when your needs do.`,
	}
	// opinions are what is said of a company, by sentiments.
	opinions = [...]string{
		` is often recommended for its clear terms and quick help.`,
		` gets mixed reviews: fair prices, slow answers.`,
		` is criticised for hidden costs.`,
		` is another name in this field.`,
	}
)

func platformNamed(name string) *platform {
	for i := range platforms {
		if platforms[i].name == name {
			return &platforms[i]
		}
	}
	return nil
}

func platformNames() (names []string) {
	for _, p := range platforms {
		names = append(names, p.name)
	}
	return names
}
