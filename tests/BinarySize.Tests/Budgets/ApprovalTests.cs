using BinarySize.Budgets;

namespace BinarySize.Tests.Budgets;

public sealed class ApprovalTests : IDisposable
{
    private static readonly DateOnly s_today = new(2026, 11, 21);

    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Baseline => Path.Combine(_folder, "binarysize.baseline.json");

    private (List<Approval> Approvals, List<BudgetFinding> Findings) Read(params (string Name, string Text)[] files)
    {
        string folder = Path.Combine(_folder, Approval.FolderName);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        foreach ((string name, string text) in files) File.WriteAllText(Path.Combine(folder, name), text);
        var findings = new List<BudgetFinding>();
        return (Approval.ReadAll(Baseline, ["app", "json"], s_today, findings), findings);
    }

    [Fact]
    public void A_file_each()
    {
        (List<Approval> approvals, List<BudgetFinding> findings) = Read(
            ("b.json", """{"budget": "json", "allowance": "20 KiB", "reason": "We need it.", "expires": "2026-11-21", "configuration": "*/linux-x64/*/*"}"""),
            ("a.json", "{\n  \"budget\": \"APP\",\n  \"allowance\": \"311 kB\",\n  \"reason\": \"LINQ\",\n  \"expires\": \"2027-01-31\"\n}\n"), ("notes.txt", "not ours"));
        Assert.Empty(findings);
        Assert.Equal([("APP", 311_000), ("json", 20 << 10)], approvals.Select(a => (a.Budget, a.Allowance)));
        Assert.True(approvals[0].Covers("app", "any/any/Release/pack"));
        Assert.True(approvals[1].Covers("json", "net10.0/linux-x64/Release/aot"));
        Assert.False(approvals[1].Covers("json", "net10.0/win-x64/Release/aot"));
        Assert.Empty(Approval.ReadAll(Path.Combine(_folder, "elsewhere", "x.json"), [], s_today, findings));
    }

    [Fact]
    public void An_expired_one_is_an_error_that_says_so()
    {
        (List<Approval> approvals, List<BudgetFinding> findings) = Read(("a.json", """{"budget": "app", "allowance": "1 MB", "reason": "LINQ", "expires": "2026-11-20"}"""));
        Assert.Empty(approvals);
        BudgetFinding finding = Assert.Single(findings);
        Assert.Equal(("BSZ3006", true), (finding.Code, finding.IsError));
        Assert.Contains("expired on 2026-11-20", finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", 1, "\"budget\" is missing")]
    [InlineData("", 1, "empty")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 MB\", \"reason\": \"x\"}", 1, "\"expires\" is missing")]
    [InlineData("{\"budget\": \"ap\",\n\"allowance\": \"1 MB\", \"reason\": \"x\", \"expires\": \"2027-01-01\"}", 1, "did you mean 'app'")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 Mib\", \"reason\": \"x\", \"expires\": \"2027-01-01\"}", 2, "'1 Mib' is not a size")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": 5, \"reason\": \"x\", \"expires\": \"2027-01-01\"}", 2, "a text is needed")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 MB\", \"reason\": \" \", \"expires\": \"2027-01-01\"}", 2, "the reason is empty")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 MB\", \"reason\": \"x\", \"expires\": \"01/31/2027\"}", 2, "no day of the form")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 MB\", \"reason\": \"x\", \"expires\": \"2027-02-30\"}", 2, "no day of the form")]
    [InlineData("{\"budget\": \"app\",\n\"allowance\": \"1 MB\", \"reason\": \"x\", \"expires\": \"2027-01-01\",\n\"approver\": \"me\"}", 3, "\"approver\" is not known")]
    [InlineData("{\"budget\": \"app\",\n\"budget\": \"json\"}", 2, "stands there twice")]
    public void What_is_wrong_is_said_with_its_line(string text, int line, string message)
    {
        (List<Approval> approvals, List<BudgetFinding> findings) = Read(("a.json", text));
        Assert.Empty(approvals);
        BudgetFinding finding = Assert.Single(findings);
        Assert.Equal(("BSZ3005", true, line), (finding.Code, finding.IsError, finding.Location!.Line));
        Assert.Contains(message, finding.Message, StringComparison.Ordinal);
    }
}
