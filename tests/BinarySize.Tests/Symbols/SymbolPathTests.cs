using System.Text;
using BinarySize.Attribution.Symbols;
using BinarySize.Mapping;

namespace BinarySize.Tests.Symbols;

public class SymbolPathTests
{
    private static string Describe(string mangled)
    {
        var path = new SymbolPath();
        if (!path.TryParse(Encoding.UTF8.GetBytes(mangled))) return "-";
        return string.Join(" / ", Enumerable.Range(0, path.Count).Select(i => $"{path.KindOf(i).ToString()[..2].ToLowerInvariant()} {Encoding.UTF8.GetString(path.NameOf(i))}"));
    }

    [Theory]
    // Functions, methods, templates.
    [InlineData("_Z3foov", "me foo")]
    [InlineData("_ZN4node5StartEiPPc", "na node / me Start")]
    [InlineData("_ZNK4node3FooIiE3barEv", "na node / ty Foo / me bar")]
    [InlineData("_ZN4node3Foo3barEv", "na node / na Foo / me bar")]
    [InlineData("_ZNK4node3Foo3barEv", "na node / ty Foo / me bar")]
    [InlineData("_ZN4node3FooC2ERKS0_", "na node / ty Foo / me Foo")]
    [InlineData("_ZN4node3FooD0Ev", "na node / ty Foo / me ~Foo")]
    [InlineData("_ZNSt6vectorIiSaIiEE9push_backERKi", "na std / ty vector / me push_back")]
    [InlineData("_ZSt4moveIRiEONSt16remove_referenceIT_E4typeEOS2_", "na std / me move")]
    [InlineData("_ZNSs6appendEv", "na std / ty basic_string / me append")]
    [InlineData("_ZN12_GLOBAL__N_11fEv", "na (anonymous namespace) / me f")]
    [InlineData("_ZN1AplERKS_", "na A / me operator+")]
    [InlineData("_ZN1AcvbEv", "ty A / me conversion operator")]
    // What is inside a function, and what is made for something.
    [InlineData("_ZZN4node5StartEiENKUlvE_clEv", "na node / me Start")]
    [InlineData("_ZGVZN4node5StartEiE1x", "na node / me Start")]
    [InlineData("_ZTVN4node3FooE", "na node / ty Foo / me vtable")]
    [InlineData("_ZTIPKN4node3FooE", "na node / ty Foo / me typeinfo")]
    [InlineData("_ZThn16_N4node3Foo3barEv", "na node / na Foo / me bar")]
    [InlineData("__ZN4node5StartEiPPc", "na node / me Start")]
    // Rust, v0: where an impl stands decides.
    [InlineData("_RNvNtCs1234_7mycrate3foo3bar", "pa mycrate / na foo / me bar")]
    [InlineData("_RNCNvNtCs1234_7mycrate3foo3bar0", "pa mycrate / na foo / me bar")]
    [InlineData("_RINvNtC4core3ptr13drop_in_placeNtC7mycrate3FooEC7mycrate", "pa core / na ptr / me drop_in_place")]
    [InlineData("_RNvMNtC5alloc3vecINtB2_3VechE4push", "pa alloc / na vec / ty Vec / me push")]
    [InlineData("_RNvXC7mycrateNtB2_3FooNtNtC4core3fmt7Display3fmt", "pa mycrate / ty Foo / me Display::fmt")]
    [InlineData("_RNvYNtC7mycrate3FooNtNtC4core4iter8Iterator3map", "pa core / na iter / ty Iterator / me map")]
    // Rust, legacy.
    [InlineData("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "pa core / na fmt / ty Formatter / me pad")]
    [InlineData("_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h0123456789abcdefE", "pa alloc / na vec / ty Vec / me push")]
    [InlineData("_ZN7mycrate4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "pa mycrate / me main")]
    [InlineData("_ZN51_$LT$mycrate..Foo$u20$as$u20$core..fmt..Display$GT$3fmt17h0123456789abcdefE", "pa mycrate / ty Foo / me Display::fmt")]
    [InlineData("_ZN42_$LT$$RF$T$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE", "pa core / na fmt / ty Debug / me fmt")]
    [InlineData("_ZN59_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$mycrate..Named$GT$4name17h0123456789abcdefE", "pa mycrate / ty Named / me name")]
    [InlineData("_ZN4core3fmt3num52_$LT$impl$u20$core..fmt..Display$u20$for$u20$u32$GT$3fmt17h0123456789abcdefE", "pa core / na fmt / na num / ty u32 / me Display::fmt")]
    // Not mangled, or nothing that has a path.
    [InlineData("main", "-")]
    [InlineData("_ZTIPKc", "-")]
    [InlineData("_Z", "-")]
    [InlineData("_R", "-")]
    public void The_path_is_read_from_the_name(string mangled, string expected) => Assert.Equal(expected, Describe(mangled));

    [Theory, InlineData("node", "/usr/bin/node"), InlineData("libstdc++", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6")]
    public void Almost_every_name_has_a_path_that_its_readable_form_contains(string name, string file)
    {
        (string[] mangled, string[] readable) = DemanglerOracleTests.Oracle(name, new FileInfo(file).ResolveLinkTarget(true)?.FullName ?? file);
        var path = new SymbolPath();
        int missing = 0, wrong = 0;
        var bad = new List<string>();
        for (int i = 0; i < mangled.Length; i++)
        {
            if (!path.TryParse(Encoding.UTF8.GetBytes(mangled[i])))
            {
                // Type information of built-in types is nobody's.
                if (mangled[i].StartsWith("_ZTI", StringComparison.Ordinal) || mangled[i].StartsWith("_ZTS", StringComparison.Ordinal)) continue;
                missing++;
                bad.Add($"none: {mangled[i]}");
                continue;
            }
            // Every component must stand in what c++filt makes of the name, in this order.
            int at = 0;
            for (int k = 0; k < path.Count && at >= 0; k++)
            {
                string part = Encoding.UTF8.GetString(path.NameOf(k));
                // c++filt prints the ABI's abbreviations as they are.
                if (part.StartsWith("basic_", StringComparison.Ordinal) && k == 1 && !readable[i].Contains(part, StringComparison.Ordinal)) part = part[6..];
                if (k == path.Count - 1 && part is "vtable" or "typeinfo" or "typeinfo name" or "VTT" or "construction vtable" or "conversion operator" or "{lambda}" or "{unnamed type}") continue;
                at = readable[i].IndexOf(part, at, StringComparison.Ordinal);
                if (at >= 0 && k + 1 < path.Count) at += part.Length;
            }
            if (at < 0)
            {
                wrong++;
                bad.Add($"wrong: {mangled[i]} {Describe(mangled[i])} {readable[i]}");
            }
        }
        File.WriteAllLines(Path.Combine(Samples.Root, "artifacts", "test-samples", $"paths-{name}.differences"), bad);
        Assert.True(missing <= mangled.Length / 200, $"{missing} of {mangled.Length} names have no path");
        Assert.True(wrong <= mangled.Length / 1000, $"{wrong} of {mangled.Length} paths are not in the readable name");
    }

    [Fact]
    public void Symbols_of_a_map_get_owners_and_keep_their_bytes()
    {
        var builder = new SizeMapBuilder(default, 100, "file");
        string[] names = ["_ZN4node3Foo3barEv", "_ZTVN4node3FooE", "main", "_ZN4node3FooC1Ev"];
        for (int i = 0; i < names.Length; i++) builder.ClaimOwner(i * 10, 10, builder.AddOwner(0, OwnerKind.Symbol, builder.Names.Intern(names[i])), ContentKind.Code);
        using SizeMap map = builder.Build();
        SymbolAttribution.Apply(map);
        var paths = new List<string>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            string text = "";
            for (int o = map.Slices[i].Owner; o != 0; o = map.Owners[o].Parent) text = $"{map.Owners[o].Kind} {map.Names.Text(map.Owners[o].Name)}/{text}";
            paths.Add($"{map.LengthOf(i)} {text}");
        }
        Assert.Equal(
        [
            "10 Namespace node/Type Foo/Member bar/Symbol _ZN4node3Foo3barEv/",
            "10 Namespace node/Type Foo/Member vtable/Symbol _ZTVN4node3FooE/",
            "10 Symbol main/",
            "10 Namespace node/Type Foo/Member Foo/Symbol _ZN4node3FooC1Ev/",
            "60 ",
        ], paths);
        for (int i = 1; i < map.Owners.Length; i++) Assert.True(map.Owners[i].Parent < i);
    }

    [Fact]
    public void Hostile_names_take_little_time_and_never_throw()
    {
        var random = new Random(7);
        (string[] mangled, _) = DemanglerOracleTests.Oracle("libstdc++", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
        string[] seeds =
        [
            .. mangled.Take(300),
            "_RINvNtC4core3ptr13drop_in_placeINtC7mycrate3FooRLeDNtC1a1bEL_EEC7mycrate",
            "_RNvXC7mycrateNtB2_3FooNtNtC4core3fmt7Display3fmt",
            "_ZN59_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$mycrate..Named$GT$4name17h0123456789abcdefE",
        ];
        var path = new SymbolPath();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        foreach (string seed in seeds)
        {
            for (int i = 0; i < 40; i++)
            {
                byte[] bad = Encoding.ASCII.GetBytes(seed);
                for (int n = random.Next(1, 5); n > 0; n--) bad[random.Next(2, bad.Length)] = (byte)"_0123456789ABCEFIJKLMNPRSTXYZacdilnpstuvxz"[random.Next(42)];
                Demangler.TryDemangle(bad, out _);
                path.TryParse(bad);
            }
        }
        // Doubling at every step: tuples of back references, and substitutions of substitutions.
        var rust = new StringBuilder("_RIC1aThhE");
        int previous = 4;
        for (int i = 0; i < 60; i++)
        {
            int at = rust.Length - 2;
            string back = previous == 0 ? "B_" : "B" + Base62(previous - 1) + "_";
            rust.Append('T').Append(back).Append(back).Append('E');
            previous = at;
        }
        Demangler.TryDemangle(Encoding.ASCII.GetBytes(rust.Append('E').ToString()), out _);
        var itanium = new StringBuilder("_Z1fI1AE");
        itanium.Clear().Append("_Z1fSt4pairI1A1AE");
        for (int i = 0; i < 100; i++) itanium.Append("St4pairIS").Append(Base36(i)).Append("_S").Append(Base36(i)).Append("_E");
        Demangler.TryDemangle(Encoding.ASCII.GetBytes(itanium.ToString()), out _);
        foreach (string nest in (string[])["P", "N1a", "I", "FvP", "XLi", "Z1f", "cv", "Dp", "UlT_"])
        {
            byte[] deep = Encoding.ASCII.GetBytes("_Z1f" + string.Concat(Enumerable.Repeat(nest, 20000)));
            Demangler.TryDemangle(deep, out _);
            path.TryParse(deep);
        }
        foreach (string nest in (string[])["T", "INvC1a1b", "XC1aR", "DG_", "FG_", "RS"])
        {
            byte[] deep = Encoding.ASCII.GetBytes("_R" + string.Concat(Enumerable.Repeat(nest, 20000)));
            Demangler.TryDemangle(deep, out _);
            path.TryParse(deep);
        }
        TimeSpan took = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        Assert.True(took < TimeSpan.FromSeconds(10), $"it took {took}");

        static string Base36(int value) => value == 0 ? "0" : (value >= 36 ? Base36(value / 36) : "") + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 36];
        static string Base62(int value) => (value >= 62 ? Base62(value / 62) : "") + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % 62];
    }
}
