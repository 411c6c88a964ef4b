using System.Text;
using System.Text.Json.Nodes;
using BinarySize.Baselines;
using BinarySize.IO;
using BinarySize.Reports;
using BinarySize.Tests.Rendering;

namespace BinarySize.Tests.Reports;

/// <summary>Reports read back, and those of a CI matrix as one.</summary>
public sealed class ReportJoinTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Report Of(string rid)
    {
        Report report = SampleReport.Make();
        var growth = new ReportGrowth("a1b2c3d4e (main)", 100, 90, -12, 5, [new ReportChange("x", 20, 0), new ReportChange("y", 0, 10)], 0, 0);
        return report with
        {
            Toolchain = report.Toolchain with { RuntimeIdentifier = rid },
            Budgets = [.. report.Budgets, report.Budgets[0] with { Name = "growth", LimitsGrowth = true, Growth = growth }],
            Snapshots = [new Snapshot { Key = $"net10.0/{rid}/Release/publish", Sdk = "10.0.100", Settings = "ab", Files = { ["MyApp"] = new(9_000, 12) } }],
        };
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        foreach (Report report in (Report[])[Of("linux-x64"), SampleReport.Extreme(), new Report([], [], new ReportToolchain())])
        {
            byte[] bytes = ReportJson.Write(report);
            Assert.Equal(bytes, ReportJson.Write(ReportJson.Read(bytes)));
        }
        Assert.Equal(["ok"], JsonSchema.Validate("report-1.json", [ReportJson.Write(Of("linux-x64"))]));
    }

    [Fact]
    public void What_is_no_report_or_does_not_add_up_is_refused()
    {
        byte[] valid = ReportJson.Write(Of("linux-x64"));
        Action<JsonNode>[] changes =
        [
            r => r["schema"] = 2, r => r["artifacts"]![0]!["size"] = 1, r => r["artifacts"]![0]!["tree"]!["children"]![0]!["size"] = 7, r => r["artifacts"]![0]!["kind"] = "disk",
            r => r["artifacts"]![0]!["tree"]!["children"]!.AsArray().RemoveAt(0), r => r.AsObject().Remove("budgets"), r => r["budgets"]![0]!["value"] = -1,
        ];
        foreach (Action<JsonNode> change in changes)
        {
            JsonNode report = JsonNode.Parse(valid)!;
            change(report);
            Assert.Throws<BadJsonException>(() => ReportJson.Read(Encoding.UTF8.GetBytes(report.ToJsonString())));
        }
    }

    [Fact]
    public void A_matrix_is_one_report_and_one_baseline()
    {
        Report joined = ReportJoin.Join([Of("linux-x64"), Of("win-x64")]);
        Assert.Equal(["linux-x64/bin/publish", "win-x64/bin/publish"], joined.Artifacts.Select(a => a.Path));
        Assert.Contains(joined.Budgets, b => b.Name == "app (win-x64)");
        Assert.Equal((null, "net10.0"), (joined.Toolchain.RuntimeIdentifier, joined.Toolchain.TargetFramework));
        Assert.Equal(2 * Of("linux-x64").Size, joined.Size);
        Assert.Throws<ReportJoinException>(() => ReportJoin.Join([Of("linux-x64"), Of("linux-x64")]));

        string one = Path.Combine(_folder, "one.json"), two = Path.Combine(_folder, "two.json"), output = Path.Combine(_folder, "all.json"), baseline = Path.Combine(_folder, "baseline.json");
        File.WriteAllBytes(one, ReportJson.Write(Of("linux-x64")));
        File.WriteAllBytes(two, ReportJson.Write(Of("win-x64")));
        (int code, _, string error) = Cli.Run("merge", one, two, "--output", output, "--baseline", baseline);
        Assert.True(code == 0, error);
        Assert.Equal(ReportJson.Write(joined), File.ReadAllBytes(output));
        Assert.Equal(["ok"], JsonSchema.Validate("report-1.json", [File.ReadAllBytes(output)]));
        Assert.Equal(["net10.0/linux-x64/Release/publish", "net10.0/win-x64/Release/publish"], BaselineFile.Read(baseline)!.Entries.Keys);

        Assert.Equal(2, Cli.Run("merge", one, one).Code);
        Assert.Equal(3, Cli.Run("merge", one, "/nowhere").Code);
        Assert.Equal(3, Cli.Run("merge", baseline).Code);
        File.WriteAllText(baseline, "{");
        (code, _, error) = Cli.Run("merge", one, two, "--baseline", baseline);
        Assert.Equal(4, code);
        Assert.Contains("BSZ3003", error, StringComparison.Ordinal);
        Assert.Equal("{", File.ReadAllText(baseline));
    }
}
