package simulator

// metal is a material as a yard buys it. Prices are in hundredths of a cent a pound.
type metal struct {
	code, name string
	low, high  int
	byTruck    bool // weighed on the truck scale, to 20 lb
}

// The tables that records are made of. They are only read. All text in them is the inside of a JSON string, notes
// excepted, which are whole JSON strings with the escapes that a vendor might use.
var (
	metals = [...]metal{
		{"CU-BB", "Bare Bright Copper", 38500, 42500, false},
		{"CU-1", "#1 Copper", 36500, 40500, false},
		{"CU-2", "#2 Copper", 34000, 38000, false},
		{"CU-LT", "Light Copper", 31000, 35000, false},
		{"CU-IW1", "Insulated Copper Wire #1", 19000, 24000, false},
		{"CU-IW2", "Insulated Copper Wire #2", 9000, 13500, false},
		{"BR-YL", "Brass Yellow", 21500, 25500, false},
		{"BR-RD", "Brass Red", 26500, 30500, false},
		{"RAD-AC", "Radiators Al/Cu Clean", 15500, 19500, false},
		{"RAD-BR", "Radiators Brass", 18000, 22000, false},
		{"AL-CAN", "Aluminum Cans", 5200, 6800, false},
		{"AL-CAST", "Cast Aluminum", 5000, 6500, false},
		{"AL-EXT", "Aluminum Extrusion 6063", 6800, 8600, false},
		{"AL-SHT", "Sheet Aluminum", 4800, 6200, false},
		{"AL-WHL", "Aluminum Wheels", 7500, 9200, false},
		{"SS-304", "Stainless Steel 304", 4200, 5600, false},
		{"PB-BAT", "Lead Acid Batteries", 1700, 2300, false},
		{"EM-MIX", "Electric Motors", 2200, 3000, false},
		{"CAT-OEM", "Catalytic Converter Scrap", 8000, 12000, false},
		{"FE-HMS1", "HMS 1", 900, 1250, true},
		{"FE-HMS2", "HMS 2", 800, 1150, true},
		{"FE-SHR", "Shred / Light Iron", 650, 950, true},
		{"FE-PS", "P&S Plate 5 ft", 1000, 1400, true},
		{"FE-CAST", "Cast Iron", 850, 1200, true},
		{"FE-AUTO", "Auto Bodies", 700, 1000, true},
	}

	payments = [...]string{"Cash", "Cash", "Cash", "Check", "Check", "Prepaid Card", "ACH"}
	cashiers = [...]string{"mgarza", "tkowalski", "dbooker", "jnguyen", "rpeña"}

	notes = [...]string{
		`"Customer says \"no tags\" on load"`,
		`"½ drum turnings, wet – deducted 3%"`,
		`"Se\u00f1or dej\u00f3 su tarjeta"`,
		`"ID on file\/copy taken"`,
		`"Photo 2\t3 blurred; re-take"`,
		`"Mixed load:\nsorted at scale 2"`,
		`"C:\\scale\\img\\0042.jpg"`,
		`"Price matched ✓"`,
		`"Propane tank pulled 🚫"`,
		`"Paid 50\u0025 now, rest Friday"`,
		`""`,
	}

	firstNames = [...]string{
		"Alma", "Andre", "Beatriz", "Ben", "Carla", "Curtis", "Dale", "Dolores", "Earl", "Elena", "Floyd", "Gloria",
		"Hank", "Inez", "Jamal", "José", "Kenji", "Latoya", "Luis", "Marta", "Mike", "Nadia", "Otis", "Pearl",
		"Quentin", "Rosa", "Sean", "Tamika", "Uwe", "Vera", "Walt", "Ximena", "Yusuf", "Zoë",
	}
	lastNames = [...]string{
		"Abbott", "Alvarez", "Baker", "Bianchi", "Castillo", "Chen", "Delgado", "Dvořák", "Eriksen", "Fields", "Garza",
		"Hale", "Ibarra", "Jackson", "Kowalski", "Lindqvist", "Muñoz", "Nguyen", "O'Neill", "Ortega", "Pruitt",
		"Quick", "Ramsey", "St. John", "Tran", "Underwood", "Vasquez", "Whitaker", "Yoder", "Zielinski",
	}
	trades = [...]string{
		"Plumbing LLC", "Auto Parts", "Demolition Inc.", "Electric Co.", "HVAC & Sheet Metal", "Towing", "Roofing",
		"Machine Shop", "Recycling Services", "Mechanical Contractors", "Farm Supply", "Fabrication",
	}

	streets = [...]string{
		"Example St", "Sample Ave", "Placeholder Rd", "Fictional Blvd", "Nowhere Ln", "Specimen Ct", "Test Track Dr",
	}
	cities = [...]string{"Springfield", "Exampleton", "Fakesboro", "Port Sample", "Mock Falls", "Testville"}
	states = [...]struct{ code, zip string }{
		{"IL", "600"}, {"IN", "460"}, {"IA", "500"}, {"MI", "480"}, {"MO", "630"}, {"OH", "430"}, {"WI", "530"},
	}
	vehicles = [...]string{"Ford F-150", "Chevrolet Silverado", "Ram 2500", "Toyota Tacoma", "GMC Sierra", "Isuzu NPR"}
)
