namespace BinarySize.EndToEnd;

/// <summary>A solution: a library, one for two frameworks, and an app that refers to both.</summary>
public sealed class Solution : IDisposable
{
    public Solution()
    {
        Project = new TestProject("All");
        Project.Write("Directory.Build.props", "<Project>\n  <PropertyGroup>\n    <BinarySizeBudget>10 MB</BinarySizeBudget>\n  </PropertyGroup>\n</Project>\n");
        Project.Write("lib/Lib.csproj", TestProject.Text());
        Project.Write("lib/Class1.cs", "namespace Lib; public static class Class1 { public static int Answer() => 42; }\n");
        Project.Write("multi/Multi.csproj", TestProject.Text(framework: "net8.0;net10.0"));
        Project.Write("multi/Class2.cs", "namespace Multi; public static class Class2 { public static int Answer() => 42; }\n");
        Project.Write("app/App.csproj", TestProject.Text("""
              <ItemGroup>
                <ProjectReference Include="../lib/Lib.csproj" />
                <ProjectReference Include="../multi/Multi.csproj" />
              </ItemGroup>
            """, "<OutputType>Exe</OutputType>"));
        Project.Write("app/Program.cs", "System.Console.WriteLine(Lib.Class1.Answer() + Multi.Class2.Answer());\n");
        Project.Write("All.slnx", """
            <Solution>
              <Project Path="app/App.csproj" />
              <Project Path="lib/Lib.csproj" />
              <Project Path="multi/Multi.csproj" />
            </Solution>
            """);
        Project.Succeed("restore");
    }

    internal TestProject Project { get; }

    public void Dispose() => Project.Dispose();
}

/// <summary>However a solution is built, each project and framework is measured once.</summary>
public class SolutionTests(Solution solution) : IClassFixture<Solution>
{
    private static readonly string[] s_reports = ["app/bin/Debug/binarysize", "lib/bin/Debug/binarysize", "multi/bin/Debug/binarysize/net10.0", "multi/bin/Debug/binarysize/net8.0"];

    [Theory]
    [InlineData("-m")]
    [InlineData("-m", "-mt")]
    [InlineData("-m", "-graph")]
    [InlineData("-graph", "-isolate")]
    public void Each_project_is_measured_once(params string[] options)
    {
        TestProject project = solution.Project;
        foreach (string bin in Directory.GetDirectories(project.Folder, "bin", SearchOption.AllDirectories)) Directory.Delete(bin, recursive: true);
        Outcome built = project.Succeed(["build", "--no-restore", "All.slnx", .. options]);
        string output = string.Join('\n', built.Lines.Where(l => l.EndsWith(" files)", StringComparison.Ordinal)).Select(l => l.Trim()).Order(StringComparer.Ordinal));
        Assert.Equal(4, output.Split('\n').Length);
        foreach (string path in s_reports)
        {
            ReportDocument report = project.Report(path);
            Assert.Equal("ok", report.Budget("total").Verdict);
        }
        // The app's own output, not what its references copy there.
        Assert.DoesNotContain("Lib.dll", project.Report(s_reports[0]).Main.Tree.Of("file").Keys);
        Assert.True(File.Exists(project.PathOf("app/bin/Debug/net10.0/Lib.dll")));
        Assert.Equal(Oracle.DiskUsage(project.PathOf("lib/bin/Debug/net10.0")), project.Report(s_reports[1]).Main.Size);

        // And again the same, with nothing to do; and when it fails, it fails for each.
        string[] lines = [.. project.Succeed(["build", "--no-restore", "All.slnx", .. options]).Lines.Where(l => l.EndsWith(" files)", StringComparison.Ordinal)).Select(l => l.Trim()).Order(StringComparer.Ordinal)];
        Assert.Equal(output, string.Join('\n', lines));
        Outcome failed = project.Dotnet(["build", "--no-restore", "All.slnx", "-p:BinarySizeBudget=100 B", .. options]);
        Assert.Equal(1, failed.Code);
        // The budget stands in Directory.Build.props; whose build broke it, the end of the line says.
        List<Diagnostic> errors = TestProject.Diagnostics(failed);
        Assert.All(errors, e => Assert.Equal(("BSZ2001", project.PathOf("Directory.Build.props"), 3), (e.Code, e.File, e.Line)));
        // What refers to a project that failed is not built.
        string[] failures = [.. errors.Select(e => Path.GetFileName(e.Project.Split("::")[0]))];
        Assert.Contains("Lib.csproj", failures);
        Assert.Contains("Multi.csproj", failures);
    }
}

/// <summary>The package comes along with a reference to a project that has it, unless that one says otherwise.</summary>
public class TransitiveTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_flows_through_a_project_reference_that_does_not_keep_it_private(bool isPrivate)
    {
        using var project = new TestProject("App", "app");
        string reference = $"""<PackageReference Include="BinarySize.Build" Version="{Package.Version}" {(isPrivate ? "PrivateAssets=\"all\"" : "")} />""";
        project.Write("../lib/Lib.csproj", TestProject.Text($"<ItemGroup>{reference}</ItemGroup>", reference: false));
        project.Write("../lib/Class1.cs", "namespace Lib; public static class Class1 { public static int Answer() => 42; }\n");
        project.Write("App.csproj", TestProject.Text("<ItemGroup><ProjectReference Include=\"../lib/Lib.csproj\" /></ItemGroup>", "<OutputType>Exe</OutputType>", reference: false));
        project.Write("Program.cs", "System.Console.WriteLine(Lib.Class1.Answer());\n");
        project.Succeed("build");
        Assert.Equal(!isPrivate, File.Exists(project.PathOf("bin/Debug/binarysize/report.json")));
        Assert.True(File.Exists(project.PathOf("../lib/bin/Debug/binarysize/report.json")));
        Assert.DoesNotContain("BinarySize", File.ReadAllText(project.PathOf("bin/Debug/net10.0/App.deps.json")));
    }
}
