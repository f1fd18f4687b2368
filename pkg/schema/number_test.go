package schema_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"yardstick/pkg/schema"

	"pgregory.net/rapid"
)

// sameKind wants of a number that a line that is followed takes it for what one that is parsed does.
func sameKind(t interface {
	Helper()
	Fatalf(string, ...any)
}, number string) {
	t.Helper()
	got, end, found := schema.PastNumber([]byte(number + ","))
	if want := schema.KindOfNumber([]byte(number)); !found || end != len(number) || got != want {
		t.Fatalf("%s is %s and ends at %d, expected %s", number, got, end, want)
	}
}

func TestNumbersAreOfTheSameKindWhetherFollowedOrParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := strconv.FormatUint(rapid.Uint64Min(1).Draw(t, "digits"), 10) + rapid.StringMatching(`0{0,3}[0-9]{0,3}`).Draw(t, "more")
		sameKind(t, "-"+digits)
		at := rapid.IntRange(1, len(digits)).Draw(t, "point")
		sameKind(t, digits[:at]+"."+digits[at:]+"0")
		sameKind(t, "0."+strings.Repeat("0", at)+digits)
		sameKind(t, "-0."+digits)
	})
}

func TestNumbersAtTheLimitsAreOfTheSameKindWhetherFollowedOrParsed(t *testing.T) {
	for _, number := range []string{"0", "-0", "0.0", "-0.00000000000000000000000", "999999999999999", "9007199254740992", "9007199254740993",
		"-9007199254740993", "999999999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
		"18446744073709551616", "9999999999999999.5", "9007199254740993.0", "9007199254740992.5", "99999999999999999.9", "0.9999999999999999",
		"0.99999999999999999", "0.1000000000000000055", "0.0000000000000000001", "0.00017105263157894737", "1000000000000000000.0"} {
		sameKind(t, number)
	}
}

// Doubles are where a decimal may or may not be spelt as it was sent: the shortest spelling, and those about it.
func TestSpellingsOfDoublesAreOfTheSameKindWhetherFollowedOrParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		about := math.Ldexp(1+rapid.Float64Range(0, 1).Draw(t, "fraction"), rapid.IntRange(-62, 50).Draw(t, "exponent"))
		for _, value := range []float64{about, math.Round(about*1000) / 1000, math.Nextafter(about, 0), math.Nextafter(about, 1e300)} {
			for _, digits := range []int{-1, 15, 16, 17, 18} {
				sameKind(t, fixed(value, digits))
			}
		}
	})
}

func TestPowersOfTwoAreOfTheSameKindWhetherFollowedOrParsed(t *testing.T) {
	for exponent := -62; exponent < 63; exponent++ {
		power := math.Ldexp(1, exponent)
		for _, value := range []float64{power, math.Nextafter(power, 0), math.Nextafter(power, 1e300)} {
			for digits := 14; digits < 20; digits++ {
				sameKind(t, fixed(value, digits))
			}
			sameKind(t, fixed(value, -1))
		}
	}
}

// fixed spells a number with so many significant digits and a point.
func fixed(value float64, digits int) string {
	places := -1
	if digits >= 0 {
		places = max(1, digits-1-int(math.Floor(math.Log10(value))))
	}
	spelling := strconv.FormatFloat(value, 'f', places, 64)
	if !strings.Contains(spelling, ".") {
		spelling += ".0"
	}
	return spelling
}

// Whole-number arithmetic has to decide nearly always, or it is no use.
func TestSharesAreDecidedWithoutADouble(t *testing.T) {
	unsure, all := 0, 0
	for of := 1; of < 400; of++ {
		for part := range of {
			share := fixed(float64(part)/float64(of), -1)
			sameKind(t, share)
			digits := strings.TrimPrefix(share, "0.")
			if len(digits) < 16 || len(digits) > 19 {
				continue
			}
			var whole uint64
			if _, err := fmt.Sscan(strings.TrimLeft(digits, "0"), &whole); err != nil {
				t.Fatal(err)
			}
			all++
			if kind, sure := schema.KindOfDecimal(whole, len(digits)); !sure {
				unsure++
			} else if kind != schema.Decimal {
				t.Fatalf("%s is %s, expected %s: it is the spelling of a double", share, kind, schema.Decimal)
			}
		}
	}
	if all < 10_000 || unsure*100 > all {
		t.Errorf("%d of %d shares were left to a double", unsure, all)
	}
}
