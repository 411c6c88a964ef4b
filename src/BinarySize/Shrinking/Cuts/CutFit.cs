using System.Reflection;
using System.Reflection.Metadata;

namespace BinarySize.Shrinking.Cuts;

/// <summary>A method that a cut changes, as it stands in this build.</summary>
/// <param name="Assembly">Simple name.</param>
/// <param name="Type">"Namespace.Outer/Inner".</param>
/// <param name="Name">Its name alone.</param>
/// <param name="Signature">As the compiler at hand writes it.</param>
/// <param name="Positional">The same with type parameters by position.</param>
/// <param name="Source">What the file says about it.</param>
/// <param name="Conditions">Feature switches on which it depends, from the outside in.</param>
internal sealed record FittedMethod(string Assembly, string Type, string Name, string Signature, string Positional, MethodSubstitution Source, string Conditions);

/// <summary>Where a cut does not fit the assemblies of a build.</summary>
/// <param name="Reason">What is not there, and what is there instead.</param>
/// <param name="Line">Line of the substitution file.</param>
internal sealed record Misfit(string Reason, int Line);

/// <summary>
/// A cut held against the metadata of the assemblies in a build: neither compiler stops at a name that it does not find, and
/// one of them says nothing.
/// </summary>
internal sealed class CutFit
{
    // What people write, first; a file made for one of the compilers is understood as well.
    private static readonly SignatureStyle[] s_accepted = [SignatureStyle.Written, SignatureStyle.Trimmer, SignatureStyle.NativeAot];

    private readonly BuildAssemblies _assemblies;
    private readonly CutCompiler _compiler;
    private readonly SignatureStyle _style;

    private CutFit(BuildAssemblies assemblies, CutCompiler compiler)
    {
        _assemblies = assemblies;
        _compiler = compiler;
        _style = compiler == CutCompiler.NativeAot ? SignatureStyle.NativeAot : SignatureStyle.Trimmer;
    }

    /// <summary>What of the file is in the build, written for the compiler; assemblies that are not there are left out.</summary>
    public required SubstitutionFile File { get; init; }

    public List<FittedMethod> Methods { get; } = [];

    public List<Misfit> Misfits { get; } = [];

    /// <summary>False where none of the cut's assemblies is in the build.</summary>
    public bool IsInApp { get; private set; }

    /// <summary>Files that were looked at.</summary>
    public List<string> Looked { get; } = [];

    /// <summary>Checks a cut.</summary>
    /// <param name="file">The cut.</param>
    /// <param name="assemblies">Assemblies of the build.</param>
    /// <param name="compiler">Who takes it.</param>
    /// <param name="mayMiss">Whether an assembly may be missing from the build; in a user's own file it is misspelt.</param>
    public static CutFit Check(SubstitutionFile file, BuildAssemblies assemblies, CutCompiler compiler, bool mayMiss)
    {
        var kept = new List<AssemblySubstitution>();
        var fit = new CutFit(assemblies, compiler) { File = file with { Assemblies = kept } };
        foreach (AssemblySubstitution assembly in file.Assemblies)
        {
            IReadOnlyList<string> paths = assemblies.PathsOf(assembly.Name);
            if (paths.Count == 0)
            {
                if (!mayMiss) fit.Misfits.Add(new Misfit($"the assembly '{assembly.Name}' is not in the app{Meant(assembly.Name, assemblies.Names)}", assembly.Line));
                continue;
            }
            fit.IsInApp = true;
            AssemblySubstitution? written = null;
            // Of two files of one name nobody knows which the compiler takes: the cut has to fit both.
            foreach (string path in paths) written = fit.Check(assembly, path, Conditions("", file.Condition), isFirst: written is null);
            if (written is not null) kept.Add(written);
        }
        return fit;
    }

    private AssemblySubstitution? Check(AssemblySubstitution wanted, string path, string outer, bool isFirst)
    {
        Looked.Add(path);
        var types = new List<TypeSubstitution>();
        try
        {
            BuildAssembly assembly = _assemblies.Open(path);
            foreach (TypeSubstitution type in wanted.Types)
            {
                if (!assembly.Types.TryGetValue(type.Name, out TypeDefinitionHandle handle))
                {
                    string why = assembly.ForwardOf(type.Name.Split('/')[0]) is { } moved ? $"; it has moved to '{moved}'" : Meant(type.Name, Candidates(type.Name, assembly.Types.Keys));
                    Misfits.Add(new Misfit($"{wanted.Name} {assembly.Version} has no type '{type.Name}'{why}", type.Line));
                    continue;
                }
                types.Add(Check(assembly, handle, wanted, type, Conditions(Conditions(outer, wanted.Condition), type.Condition), isFirst));
            }
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            Misfits.Add(new Misfit($"'{path}' can't be read: {e.Message}", wanted.Line));
        }
        return wanted with { Types = types };
    }

    private TypeSubstitution Check(BuildAssembly assembly, TypeDefinitionHandle handle, AssemblySubstitution of, TypeSubstitution wanted, string outer, bool isFirst)
    {
        MetadataReader metadata = assembly.Metadata;
        var methods = new List<MethodSubstitution>();
        foreach (MethodSubstitution method in wanted.Methods)
        {
            MethodDefinitionHandle? found = Find(metadata, metadata.GetTypeDefinition(handle), method.Signature);
            string where = $"{of.Name} {assembly.Version}: {wanted.Name}";
            if (found is not { } definition)
            {
                List<string> there = [.. metadata.GetTypeDefinition(handle).GetMethods().Select(m => LinkerSignature.Of(metadata, m, SignatureStyle.Written))];
                string name = NameIn(method.Signature);
                // One of the same name is nearer than any other.
                string? near = there.Where(s => NameIn(s) == name).Take(1).FirstOrDefault() is { } same && there.Count(s => NameIn(s) == name) == 1 ? same
                    : IO.Nearest.Find(method.Signature, there.Where(s => NameIn(s) == name)) ?? IO.Nearest.Find(method.Signature, there);
                Misfits.Add(new Misfit($"{where} has no method '{method.Signature}'{(near is null ? "" : $"; the nearest is '{near}'")}", method.Line));
                continue;
            }
            MethodAttributes attributes = metadata.GetMethodDefinition(definition).Attributes;
            bool hasNoBody = (attributes & MethodAttributes.Abstract) != 0 || (_compiler == CutCompiler.Trimmer && metadata.GetMethodDefinition(definition).RelativeVirtualAddress == 0);
            (string? value, string? problem) = hasNoBody ? (null, "it has no body") : method.Change == BodyChange.Remove ? (null, null) : StubValue.Of(_assemblies, assembly, definition, method.Value, _compiler);
            if (problem is not null)
            {
                Misfits.Add(new Misfit($"{where}, {method.Signature}: {problem}", method.Line));
                continue;
            }
            string signature = LinkerSignature.Of(metadata, definition, _style);
            // A compiler takes the first that it can't tell from ours: without type parameters Add(T) looks like Add().
            MethodDefinitionHandle first = metadata.GetTypeDefinition(handle).GetMethods().First(m => LinkerSignature.Of(metadata, m, _style) == signature);
            if (first != definition)
            {
                Misfits.Add(new Misfit($"{where}, {method.Signature}: the compiler can't tell it from '{LinkerSignature.Of(metadata, first, SignatureStyle.Written)}'", method.Line));
                continue;
            }
            MethodSubstitution written = method with { Signature = signature, Value = value };
            methods.Add(written);
            if (isFirst) Methods.Add(new FittedMethod(of.Name, wanted.Name, metadata.GetString(metadata.GetMethodDefinition(definition).Name), signature, LinkerSignature.Of(metadata, definition, SignatureStyle.Positional), written, Conditions(outer, method.Condition)));
        }
        return wanted with { Methods = methods };
    }

    private static MethodDefinitionHandle? Find(MetadataReader metadata, TypeDefinition type, string signature)
    {
        foreach (SignatureStyle style in s_accepted)
        {
            foreach (MethodDefinitionHandle method in type.GetMethods())
            {
                if (LinkerSignature.Of(metadata, method, style) == signature) return method;
            }
        }
        return null;
    }

    // "System.Void Add`1(T)" -> "Add".
    private static string NameIn(string signature)
    {
        int end = signature.LastIndexOf('(');
        string head = end < 0 ? signature : signature[..end];
        string name = head[(head.LastIndexOf(' ') + 1)..];
        int tick = name.LastIndexOf('`');
        return tick > 0 ? name[..tick] : name;
    }

    // A type that went to another namespace, or into another type, is nearer than one that is spelt alike.
    private static IEnumerable<string> Candidates(string name, IEnumerable<string> types)
    {
        string simple = name[(name.LastIndexOfAny(['.', '/']) + 1)..];
        List<string> all = [.. types];
        List<string> same = [.. all.Where(t => t[(t.LastIndexOfAny(['.', '/']) + 1)..] == simple)];
        return same.Count > 0 ? same : all.OrderBy(t => Math.Abs(t.Length - name.Length));
    }

    private static string Meant(string name, IEnumerable<string> candidates) => IO.Nearest.Find(name, candidates) is { } near ? $"; the nearest is '{near}'" : "";

    private static string Conditions(string outer, FeatureCondition? condition) => condition is null ? outer : $"{outer}{condition.Feature}={condition.Value}{(condition.IsDefault ? " or unset" : "")};";
}
