using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using BinarySize.Rendering;
using BinarySize.Tests.Rendering;
using BinarySize.Variants;

namespace BinarySize.Tests.Variants;

public class VariantRenderingTests
{
    private static readonly Comparison s_sample = new("src/App", "strategies",
    [
        new VariantResult("framework-dependent", VariantStatus.Ok) { ShippedSize = 80_233, BinarySize = 75_368, NetSize = 79_000, GzipSize = 33_616, BrotliSize = 30_000, BuildSeconds = 4.24, StartupMilliseconds = 45.4, PeakMemory = 27_000_000, Verified = true, Command = "dotnet publish App.csproj -p:A=1" },
        new VariantResult("trimmed", VariantStatus.Ok) { ShippedSize = 18_800_000, BinarySize = 75_368, NetSize = 18_799_000, GzipSize = 8_000_000, BuildSeconds = 112.3, Verified = true, IsCached = true },
        new VariantResult("native-aot", VariantStatus.Ok) { ShippedSize = 1_496_568, BinarySize = 1_496_568, NetSize = 1_490_000, GzipSize = 700_000, BrotliSize = 600_000, BuildSeconds = 21, StartupMilliseconds = 3.6, PeakMemory = 5_000_000, Verified = true },
        new VariantResult("native-aot-embedded", VariantStatus.Broken) { ShippedSize = 412_776, BinarySize = 412_776, NetSize = 412_000, BuildSeconds = 20, Verified = false, Reason = "the verify command: exit code 139: Segmentation fault" },
        new VariantResult("packed", VariantStatus.Unavailable) { Reason = "BSZ5001: UPX is not on this machine. Install it: apt-get install upx-ucl; or name it with BinarySizeUpxPath." },
        new VariantResult("trimmed-compressed-packed", VariantStatus.Unavailable) { Reason = "BSZ5001: UPX is not on this machine. Install it: apt-get install upx-ucl; or name it with BinarySizeUpxPath." },
        new VariantResult("server", VariantStatus.Ok) { ShippedSize = 700_000, BinarySize = 75_368, NetSize = 690_000, BuildSeconds = 4.2, Verified = true, Reason = "no start-up time: it did not end within 10 s: a program that goes on running is not measured" },
        new VariantResult("own", VariantStatus.Failed) { Reason = "CS1002: ; expected" },
        new VariantResult("late", VariantStatus.Cancelled),
    ])
    { Sdk = "10.0.100", RuntimeIdentifier = "linux-x64", TargetFramework = "net9.0", Notes = ["Ended before all was done."] };

    private static readonly TuneResult s_tuned = new(
        new VariantResult("start", VariantStatus.Ok) { ShippedSize = 1_496_568, NetSize = 1_490_000 }, new VariantResult("best", VariantStatus.Ok) { ShippedSize = 1_061_488, NetSize = 1_060_000, Verified = true },
        [
            new TuneTrial(new TuneCandidate("InvariantGlobalization", TuneLoss.SizeCritical, "cultures") { Settings = [new Setting("InvariantGlobalization", "true")] }, TuneOutcome.Kept) { Alone = 160_000, Together = 156_424 },
            new TuneTrial(new TuneCandidate("HashStyleGnu", TuneLoss.General, "nothing") { Items = [new SettingItem("LinkerArg", "-Wl,--hash-style=gnu")], Runtime = "linux-" }, TuneOutcome.Kept) { Alone = 4_096 },
            new TuneTrial(new TuneCandidate("MetricsSupport", TuneLoss.SizeCritical, "metrics"), TuneOutcome.NoGain) { Alone = 0, Reason = "saves nothing here" },
            new TuneTrial(new TuneCandidate("Reflection", TuneLoss.Embedded, "reflection"), TuneOutcome.Refused) { Reason = "the verify command: exit code 139" },
            new TuneTrial(new TuneCandidate("StackTraceSupport", TuneLoss.Embedded, "names in traces"), TuneOutcome.NotAllowed) { Together = 98_000, Reason = "not allowed: gives up names in traces" },
            new TuneTrial(new TuneCandidate("Late", TuneLoss.General, "nothing"), TuneOutcome.NotTried) { Reason = "no time left" },
        ])
    { Tried = 9, Stopped = "it was ended before it had tried everything" };

    [Fact]
    public void Golden_text() => Golden.Check("variants.txt", VariantsText.Render(s_sample));

    [Fact]
    public void Golden_markdown() => Golden.Check("variants.md", VariantsMarkdown.Render(s_sample, "compare.svg"));

    [Fact]
    public void Golden_csv() => Golden.Check("variants.csv", VariantsCsv.Render(s_sample));

    [Fact]
    public void Golden_chart() => Golden.Check("variants.svg", VariantsChart.Render(s_sample));

    [Fact]
    public void Golden_tuning() => Golden.Check("tune.txt", TuneText.Render(s_tuned, "src/App"));

    [Fact]
    public void Golden_tuned_settings() => Golden.Check("tuned.props", TunedProps.Render(s_tuned, "App"));

    [Fact]
    public void Json_follows_its_schema()
    {
        byte[] json = VariantsJson.Write(s_sample);
        Assert.Equal(["ok", "ok"], JsonSchema.Validate("variants-1.json", [json, VariantsJson.Write(Hostile())]));
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement aot = document.RootElement.GetProperty("variants")[2];
        Assert.Equal((1, "native-aot", "ok", 1_496_568L, 3.6), (document.RootElement.GetProperty("schema").GetInt32(), aot.GetProperty("name").GetString(), aot.GetProperty("status").GetString(), aot.GetProperty("shippedSize").GetInt64(), aot.GetProperty("startupMilliseconds").GetDouble()));
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("variants")[8].GetProperty("shippedSize").ValueKind);
    }

    [Fact]
    public void No_name_gets_out_of_its_place()
    {
        Comparison hostile = Hostile();
        string text = VariantsText.Render(hostile);
        Assert.All(text.Split('\n'), l => Assert.True(l.Length <= VariantsText.Width, l));
        Assert.All(text, c => Assert.True(c is >= ' ' and <= '~' or '\n'));
        string markdown = VariantsMarkdown.Render(hostile), csv = VariantsCsv.Render(hostile), tuned = TunedProps.Render(HostileTuning(), Attacks.All[0]);
        foreach (string trigger in Attacks.Triggers)
        {
            Assert.DoesNotContain(trigger, text, StringComparison.Ordinal);
            Assert.DoesNotContain(trigger, csv, StringComparison.Ordinal);
            // Its headings begin with it.
            if (trigger != "##") Assert.DoesNotContain(trigger, markdown, StringComparison.Ordinal);
        }
        Assert.Equal(hostile.Variants.Count, markdown.Split('\n').Count(l => l.StartsWith("| `", StringComparison.Ordinal) || l.StartsWith("| (no name)", StringComparison.Ordinal)));
        Assert.Equal(hostile.Variants.Count + 2, csv.Split("\r\n").Length);
        XDocument chart = XDocument.Parse(VariantsChart.Render(hostile));
        Assert.DoesNotContain(chart.Descendants(), e => e.Name.LocalName is "script" or "image" or "a" or "foreignObject");
        Assert.All(chart.Descendants().Attributes(), a => Assert.False(a.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase)));
        XDocument props = XDocument.Parse(tuned);
        Assert.Equal(Attacks.All.Length, props.Descendants("Some").Count());
        Assert.All(TuneText.Render(HostileTuning(), Attacks.All[0]).Split('\n'), l => Assert.True(l.Length <= TuneText.Width, l));
    }

    [Fact]
    public void Numbers_are_never_wider_than_their_columns()
    {
        foreach (long size in (long[])[0, 1, 999, 1000, 1023, 1024, 10_234, 102_400, 1_023_999, 1 << 20, 1_048_575_000, long.MaxValue / 2048])
        {
            Assert.InRange(VariantsText.Size(size).Length, 1, 7);
        }
        Assert.Equal("1.43M", VariantsText.Size(1_496_568));
        Assert.Equal("75.9M", VariantsText.Size(79_595_194));
    }

    private static Comparison Hostile() => new(Attacks.All[0], Attacks.All[4],
        [.. Attacks.All.Select((name, i) => new VariantResult(name.Length == 0 ? "x" : name, (VariantStatus)(i % 5)) { Reason = name, Command = name, ShippedSize = i % 2 == 0 ? i * 1_000_003L : null })])
    { Sdk = Attacks.All[7], Notes = [Attacks.All[9]] };

    private static TuneResult HostileTuning() => new(new VariantResult("start", VariantStatus.Ok) { ShippedSize = 10, NetSize = 10 }, new VariantResult("best", VariantStatus.Ok) { ShippedSize = 5, NetSize = 5 },
        [.. Attacks.All.Select(name => new TuneTrial(new TuneCandidate(name, TuneLoss.General, name + "--> <Injected/>") { Settings = [new Setting("Some", name)] }, TuneOutcome.Kept) { Reason = name })])
    { Stopped = "--> " + Attacks.All[1] };
}
