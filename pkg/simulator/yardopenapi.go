package simulator

import "net/http"

// openAPI3 describes the yard in OpenAPI 3.
func (y *Yard) openAPI3() map[string]any {
	schemas := y.schemas()
	answer := func(o operation) map[string]any {
		return described("OK", map[string]any{"content": map[string]any{
			"application/json": map[string]any{"schema": y.envelopeOf(o, "#/components/schemas/")},
		}})
	}
	return map[string]any{
		"openapi": "3.0.1",
		"info":    map[string]any{"title": y.cfg.Name + " API", "version": "v1"},
		"paths":   y.describePaths(openAPI3Parameter, openAPI3Form, answer),
		"components": map[string]any{
			"schemas":         schemas,
			"securitySchemes": map[string]any{"AccessToken": accessTokenHeader()},
		},
	}
}

// swagger2 describes the yard in Swagger 2.
func (y *Yard) swagger2() map[string]any {
	answer := func(o operation) map[string]any {
		return described("OK", map[string]any{"schema": y.envelopeOf(o, "#/definitions/")})
	}
	return map[string]any{
		"swagger":             "2.0",
		"info":                map[string]any{"title": y.cfg.Name + " API", "version": "v1"},
		"basePath":            "/",
		"produces":            []string{"application/json"},
		"paths":               y.describePaths(swagger2Parameter, swagger2Form, answer),
		"definitions":         y.schemas(),
		"securityDefinitions": map[string]any{"AccessToken": accessTokenHeader()},
	}
}

// describePaths writes every operation under its path and method. The three functions are where the versions differ.
func (y *Yard) describePaths(
	describe func(parameter) map[string]any, form func(operation map[string]any, p parameter),
	answer func(operation) map[string]any,
) map[string]any {
	paths := map[string]any{}
	for _, o := range y.operations() {
		parameters := []any{}
		op := map[string]any{
			"tags": []string{o.tag}, "summary": o.summary,
			"responses": map[string]any{
				"200": answer(o),
				"401": described(http.StatusText(http.StatusUnauthorized), nil),
				"429": described(http.StatusText(http.StatusTooManyRequests), nil),
			},
		}
		for _, p := range o.parameters {
			if p.in != "form" {
				parameters = append(parameters, describe(p))
			}
		}
		op["parameters"] = parameters
		for _, p := range o.parameters {
			if p.in == "form" {
				form(op, p)
			}
		}
		if o.secured {
			op["security"] = []any{map[string]any{"AccessToken": []string{}}}
		}
		paths[o.path] = map[string]any{o.method: op}
	}
	return paths
}

func openAPI3Parameter(p parameter) map[string]any {
	out := map[string]any{"name": p.name, "in": p.in, "required": p.required, "schema": typed(p.kind, p.format)}
	if p.about != "" {
		out["description"] = p.about
	}
	return out
}

func openAPI3Form(op map[string]any, p parameter) {
	op["requestBody"] = map[string]any{"required": true, "content": map[string]any{
		"application/x-www-form-urlencoded": map[string]any{"schema": map[string]any{
			"type": "object", "required": []string{p.name}, "properties": map[string]any{p.name: typed(p.kind, "")},
		}},
	}}
}

func swagger2Parameter(p parameter) map[string]any {
	out := typed(p.kind, p.format)
	out["name"], out["in"], out["required"] = p.name, p.in, p.required
	if p.about != "" {
		out["description"] = p.about
	}
	return out
}

func swagger2Form(op map[string]any, p parameter) {
	p.in = "formData"
	op["consumes"] = []string{"application/x-www-form-urlencoded"}
	op["parameters"] = append(op["parameters"].([]any), swagger2Parameter(p))
}

// envelopeOf is the schema of an answer.
func (y *Yard) envelopeOf(o operation, schemas string) map[string]any {
	one := map[string]any{"$ref": schemas + o.schema}
	data := one
	beside := map[string]any{"IsError": typed("integer", "int32"), "Message": typed("string", "")}
	if o.many {
		data = map[string]any{"type": "array", "items": one}
		holder := beside
		if y.cfg.Nested != "" {
			holder = map[string]any{y.cfg.Nested: data}
			data = map[string]any{"type": "object", "properties": holder}
		}
		if y.cfg.Total {
			holder["TotalCount"] = typed("integer", "int32")
		}
	}
	beside["Data"] = data
	return map[string]any{"type": "object", "properties": beside}
}

func accessTokenHeader() map[string]any {
	return map[string]any{"type": "apiKey", "in": "header", "name": "X-Access-Token"}
}

func described(text string, out map[string]any) map[string]any {
	if out == nil {
		out = map[string]any{}
	}
	out["description"] = text
	return out
}

func typed(kind, format string) map[string]any {
	out := map[string]any{"type": kind}
	if format != "" {
		out["format"] = format
	}
	return out
}

func object(properties map[string]any) map[string]any {
	return map[string]any{"type": "object", "properties": properties}
}

func arrayOf(items map[string]any) map[string]any {
	return map[string]any{"type": "array", "items": items}
}

// schemas describes the records.
func (y *Yard) schemas() map[string]any {
	text, flag := typed("string", ""), typed("boolean", "")
	whole, number := typed("integer", "int64"), typed("number", "double")
	address := object(map[string]any{"Street": text, "City": text, "State": text, "Zip": text})
	line := object(map[string]any{
		"Line": whole, "MaterialCode": text, "Material": text, "Gross": number, "Tare": number, "Net": number,
		"Unit": text, "Price": number, "Amount": number,
	})
	return map[string]any{
		"Token": object(map[string]any{
			"access_token": text, "refresh_token": text, "token_type": text, "expires_in": whole,
			"refresh_token_expires_in": whole, "requestLimitPerMinute": whole,
		}),
		"Purchase": object(map[string]any{
			"Id": whole, "TicketNumber": text, "TicketDate": typed("string", "date-time"), "Type": text,
			"SellerType": text, "CustomerId": whole, "BusinessId": whole, "SellerName": text, "Lines": arrayOf(line),
			"TotalNet": number, "TotalAmount": number, "PaymentType": text, "CheckNumber": whole, "Cashier": text,
			"IsVoid": flag, "Notes": text,
		}),
		"Customer": object(map[string]any{
			"Id": whole, "FirstName": text, "LastName": text, "Address": address, "Phone": text,
			"DriverLicense": object(map[string]any{"Number": text, "State": text, "Expires": typed("string", "date")}),
			"Vehicle":       object(map[string]any{"Make": text, "Plate": text}),
			"CreatedOn":     typed("string", "date"), "Active": flag,
		}),
		"Business": object(map[string]any{
			"Id": whole, "Name": text, "TaxId": text, "Address": address, "Phone": text,
			"Contacts":        arrayOf(object(map[string]any{"Name": text, "Email": text, "Phone": text})),
			"PriceAdjustment": number, "CreatedOn": typed("string", "date"), "Active": flag,
		}),
	}
}
