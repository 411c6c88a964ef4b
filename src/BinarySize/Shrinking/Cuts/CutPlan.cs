using System.Globalization;
using System.Reflection.Metadata;
using System.Security.Cryptography;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Shrinking.Cuts;

/// <summary>A cut that a project, or its profile, asks for.</summary>
/// <param name="Name">A name of the catalogue, or a file as the project writes it.</param>
/// <param name="File">The user's own substitution file, absolute; null for a cut of the catalogue.</param>
/// <param name="ByProfile">A profile took it, nobody named it.</param>
public sealed record WantedCut(string Name, string? File, bool ByProfile);

/// <summary>What there is to say about a cut.</summary>
/// <param name="Severity">How loud.</param>
/// <param name="Code">BSZ54xx.</param>
/// <param name="Message">One line; it may hold text from outside.</param>
/// <param name="Cut">The cut's name; empty where it is about none.</param>
/// <param name="File">Where it is about; null for the line of the project that asks for the cut.</param>
/// <param name="Line">Line from 1, 0 for none.</param>
/// <param name="Column">Column from 1, 0 for none.</param>
public sealed record CutFinding(FindingSeverity Severity, string Code, string Message, string Cut, string? File = null, int Line = 0, int Column = 0);

/// <summary>A cut that fits, as the compiler takes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Manifest">What the catalogue says about it; null for a user's own file.</param>
/// <param name="FileName">A name for its file that changes with its content, so that a compiler is run again.</param>
/// <param name="Xml">The substitution file.</param>
public sealed record TakenCut(string Name, CutManifest? Manifest, string FileName, byte[] Xml);

/// <summary>A cut that was asked for and is not applied.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Code">Why, as a diagnostic.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record LeftCut(string Name, string Code, string Reason);

/// <summary>What is asked of <see cref="CutPlan"/>.</summary>
public sealed record CutRequest
{
    public required CutCatalogue Catalogue { get; init; }

    /// <summary>In the order in which they were asked for; one that stands there twice counts once.</summary>
    public required IReadOnlyList<WantedCut> Cuts { get; init; }

    public required CutCompiler Compiler { get; init; }

    /// <summary>All assemblies that are compiled or trimmed.</summary>
    public required IReadOnlyList<string> Assemblies { get; init; }

    /// <summary>Those of them that are the app's own, the main one first.</summary>
    public IReadOnlyList<string> OwnAssemblies { get; init; } = [];
}

/// <summary>
/// Which cuts are applied to a build: each is read, held against the metadata of the assemblies in the build, against the
/// other cuts and against the app's own code, before a compiler runs.
/// </summary>
/// <param name="Taken">Cuts that fit, in the order in which they were asked for.</param>
/// <param name="Left">Those that do not.</param>
/// <param name="Findings">What there is to say; an error means that nothing should be compiled.</param>
/// <param name="Key">Everything that the outcome depends on, hashed: cuts, the assemblies that they name, the app's own.</param>
public sealed record CutPlan(IReadOnlyList<TakenCut> Taken, IReadOnlyList<LeftCut> Left, IReadOnlyList<CutFinding> Findings, string Key)
{
    private const int MaxReasons = 3;

    /// <summary>Makes the plan.</summary>
    public static CutPlan Make(CutRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var maker = new Maker(request);
        return maker.Make();
    }

    /// <summary>
    /// Names of the catalogue's cuts that fit a build and change an assembly of it, sorted: what a search for the smallest
    /// app may try.
    /// </summary>
    /// <param name="catalogue">The catalogue.</param>
    /// <param name="compiler">Who would take them.</param>
    /// <param name="assemblies">Assemblies of the build.</param>
    public static IReadOnlyList<string> Fitting(CutCatalogue catalogue, CutCompiler compiler, IReadOnlyList<string> assemblies)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        return [.. Make(new CutRequest { Catalogue = catalogue, Compiler = compiler, Assemblies = assemblies, Cuts = [.. catalogue.Names.Select(n => new WantedCut(n, null, ByProfile: true))] }).Taken.Select(t => t.Name)];
    }

    private sealed record Fitted(WantedCut Wanted, CutManifest? Manifest, CutFit Fit);

    private sealed class Maker(CutRequest request) : IDisposable
    {
        private readonly BuildAssemblies _assemblies = new(request.Assemblies.Concat(request.OwnAssemblies));
        private readonly List<LeftCut> _left = [];
        private readonly List<CutFinding> _findings = [];

        public void Dispose() => _assemblies.Dispose();

        public CutPlan Make()
        {
            var fitted = new List<Fitted>();
            var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            // One that somebody names is told about, although a profile takes it as well.
            foreach (WantedCut wanted in request.Cuts.OrderBy(c => c.ByProfile))
            {
                if (!seen.Add(wanted.File ?? wanted.Name)) continue;
                if (Fit(wanted) is { } fit) fitted.Add(fit);
            }
            fitted.Sort((a, b) => string.CompareOrdinal(a.Wanted.Name, b.Wanted.Name));
            Collide(fitted);
            BeginsTheProgram(fitted);
            var taken = new List<TakenCut>();
            foreach (Fitted cut in fitted)
            {
                byte[] xml = cut.Fit.File.ToBytes(cut.Wanted.Name);
                string safe = new([.. cut.Wanted.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '-')]);
                if (safe.Length > 60) safe = safe[^60..];
                taken.Add(new TakenCut(cut.Wanted.Name, cut.Manifest, $"{safe.TrimStart('.', '-')}-{Convert.ToHexStringLower(SHA256.HashData(xml))[..12]}.xml", xml));
            }
            Callers(fitted);
            return new CutPlan(taken, _left, _findings, Key(fitted, taken));
        }

        private Fitted? Fit(WantedCut wanted)
        {
            string? name = wanted.File is null ? request.Catalogue.Find(wanted.Name) : wanted.Name;
            string file;
            if (name is null)
            {
                string meant = request.Catalogue.Nearest(wanted.Name) is { } near ? $" Did you mean '{near}'?" : $" Known are: {string.Join(", ", request.Catalogue.Names)}; a file's name ends with .xml.";
                _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.Unknown, $"There is no cut '{wanted.Name}' in the catalogue.{meant}", wanted.Name));
                return null;
            }
            file = wanted.File ?? request.Catalogue.FileOf(name);
            if (!File.Exists(file))
            {
                string? folder = Path.GetDirectoryName(file), near = folder is not null && Directory.Exists(folder) ? IO.Nearest.Find(Path.GetFileName(file), Directory.EnumerateFiles(folder, "*.xml").Select(f => Path.GetFileName(f)!)) : null;
                _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.Unknown, $"The cut '{wanted.Name}' is a file that does not exist: '{file}'.{(near is null ? "" : $" Did you mean '{near}'?")}", wanted.Name));
                return null;
            }
            SubstitutionFile substitutions;
            CutManifest? manifest = null;
            try
            {
                // What is not read cannot hurt: one byte more than allowed is enough to know.
                substitutions = SubstitutionFile.Parse(Bytes(file));
                if (wanted.File is null) manifest = request.Catalogue.ManifestOf(name);
            }
            catch (BadCutException e)
            {
                _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.BadFile, $"The cut '{wanted.Name}' can't be taken: {e.Message}.", wanted.Name, file, e.Line));
                return null;
            }
            catch (BadJsonException e)
            {
                _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.BadFile, $"The manifest of the cut '{wanted.Name}' can't be taken: {e.Message}.", wanted.Name, Path.ChangeExtension(file, ".json"), e.Line));
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.BadFile, $"The cut '{wanted.Name}' can't be read: {e.Message}", wanted.Name, file));
                return null;
            }
            CutFit fit = CutFit.Check(substitutions, _assemblies, request.Compiler, mayMiss: wanted.File is null);
            if (wanted.File is null && !fit.IsInApp)
            {
                if (wanted.ByProfile) return null;
                string missing = string.Join(", ", substitutions.Assemblies.Select(a => a.Name).Distinct());
                _left.Add(new LeftCut(name, CutCodes.NotInApp, $"{missing} is not in the app"));
                _findings.Add(new CutFinding(FindingSeverity.Warning, CutCodes.NotInApp, $"The cut '{name}' has nothing to cut: {missing} is not in the app. Take it out of BinarySizeCut.", wanted.Name));
                return null;
            }
            if (fit.Misfits.Count == 0) return new Fitted(wanted with { Name = name }, manifest, fit);

            string reasons = string.Join("; ", fit.Misfits.Take(MaxReasons).Select(m => m.Reason)) + (fit.Misfits.Count > MaxReasons ? string.Create(CultureInfo.InvariantCulture, $"; and {fit.Misfits.Count - MaxReasons} more") : "");
            string tried = manifest is null ? "" : $" It was tried on {(manifest.Library is "framework" or "aspnetcore" ? ".NET" : manifest.Library)} {string.Join(", ", manifest.Tried)}.";
            string off = wanted.ByProfile ? $" <BinarySizeCut Remove=\"{name}\" /> keeps it out." : "";
            _left.Add(new LeftCut(name, CutCodes.Misfit, reasons));
            _findings.Add(new CutFinding(FindingSeverity.Warning, CutCodes.Misfit, $"The cut '{name}' does not fit this build and was not applied: {reasons}.{tried}{off}", wanted.Name, wanted.File, wanted.File is null ? 0 : fit.Misfits[0].Line));
            return null;
        }

        private static byte[] Bytes(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            byte[] buffer = new byte[SubstitutionFile.MaxBytes + 1];
            int count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return buffer[..count];
        }

        // Compilers take the last word, and which file is last nobody sees.
        private void Collide(List<Fitted> cuts)
        {
            var first = new Dictionary<(string Assembly, string Type, string Signature), List<(Fitted Cut, FittedMethod Method)>>();
            foreach (Fitted cut in cuts)
            {
                foreach (FittedMethod method in cut.Fit.Methods)
                {
                    var key = (method.Assembly.ToUpperInvariant(), method.Type, method.Signature);
                    if (!first.TryGetValue(key, out List<(Fitted Cut, FittedMethod Method)>? others)) first[key] = others = [];
                    foreach ((Fitted other, FittedMethod there) in others)
                    {
                        bool together = there.Conditions.Length == 0 || method.Conditions.Length == 0 || there.Conditions == method.Conditions;
                        if (!together || (there.Source.Change, there.Source.Value) == (method.Source.Change, method.Source.Value)) continue;
                        _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.Collision,
                            $"The cuts '{other.Wanted.Name}' and '{cut.Wanted.Name}' say different things about {method.Type}, {method.Signature}: {Say(there.Source)}, {Say(method.Source)}. Take one of them out.",
                            cut.Wanted.Name, cut.Wanted.File, cut.Wanted.File is null ? 0 : method.Source.Line));
                    }
                    others.Add((cut, method));
                }
            }
        }

        private static string Say(MethodSubstitution method) => method.Change == BodyChange.Remove ? "removed" : method.Value is null ? "a stub" : $"a stub of {method.Value}";

        private void BeginsTheProgram(List<Fitted> cuts)
        {
            if (request.OwnAssemblies is not [var main, ..] || cuts.Count == 0) return;
            try
            {
                using OwnCode? code = OwnCode.TryOpen(main);
                if (code is null || code.EntryPoint.IsNil) return;
                string assembly = code.Metadata.GetString(code.Metadata.GetAssemblyDefinition().Name);
                string type = LinkerSignature.TypeName(code.Metadata, code.Metadata.GetMethodDefinition(code.EntryPoint).GetDeclaringType());
                string entry = code.Metadata.GetString(code.Metadata.GetMethodDefinition(code.EntryPoint).Name);
                foreach (Fitted cut in cuts)
                {
                    foreach (FittedMethod method in cut.Fit.Methods)
                    {
                        // Behind an asynchronous Main the compiler puts a <Main> of its own.
                        if (!method.Assembly.Equals(assembly, StringComparison.OrdinalIgnoreCase) || method.Type != type || !(method.Name == entry || method.Name is "Main" or "<Main>$")) continue;
                        _findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.EntryPoint, $"The cut '{cut.Wanted.Name}' names {type}, {method.Signature}, with which the program begins: nothing of it would be left.", cut.Wanted.Name, cut.Wanted.File, method.Source.Line));
                    }
                }
            }
            catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // Compilers read it next, and say what is wrong with it.
            }
        }

        private void Callers(List<Fitted> cuts)
        {
            var wanted = new CutCallers.Wanted();
            foreach (Fitted cut in cuts)
            {
                foreach (FittedMethod method in cut.Fit.Methods.Where(m => m.Source.Change == BodyChange.Remove)) wanted.Add(method, cut.Wanted.Name);
                foreach (string api in cut.Manifest?.Apis ?? []) wanted.Add(api, cut.Wanted.Name);
            }
            foreach (string assembly in request.OwnAssemblies)
            {
                try
                {
                    foreach (CutCaller caller in CutCallers.Find(assembly, wanted))
                    {
                        string reached = cuts.First(c => c.Wanted.Name == caller.Cut).Manifest is { } manifest ? manifest.Reached : "it throws NotSupportedException";
                        _findings.Add(new CutFinding(FindingSeverity.Warning, CutCodes.Used,
                            $"{caller.Where} {caller.What}, which the cut '{caller.Cut}' takes out: {reached}. Change the code, or keep the cut out: <BinarySizeCut Remove=\"{caller.Cut}\" />.", caller.Cut, caller.File ?? "", caller.Line, caller.Column));
                    }
                }
                catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or InvalidOperationException)
                {
                    // The same.
                }
            }
        }

        private string Key(List<Fitted> cuts, List<TakenCut> taken)
        {
            var text = new StringBuilder().Append(typeof(CutPlan).Module.ModuleVersionId).Append('\n').Append(request.Compiler).Append('\n');
            foreach (TakenCut cut in taken) text.Append(cut.Name).Append('\t').Append(cut.FileName).Append('\n');
            foreach (string path in cuts.SelectMany(c => c.Fit.Looked).Concat(request.OwnAssemblies).Distinct(StringComparer.Ordinal))
            {
                text.Append(Path.GetFileName(path)).Append('\t');
                try
                {
                    text.Append(_assemblies.Open(path).Mvid);
                }
                catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or InvalidOperationException)
                {
                    text.Append('?');
                }
                text.Append('\n');
            }
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
        }
    }
}
